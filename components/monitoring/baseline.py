"""What a version keeps of the scenes that made it, so that later scenes can be compared with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from components.monitoring.answers import SceneAnswers, answers_of_items
from components.monitoring.embeddings import embed_scenes
from components.monitoring.ground import GroundFits, Key
from components.monitoring.observing import Plane, SceneObservation, observe
from components.monitoring.schemas import ANSWERS, GROUND, SCENES
from components.records.tables import read_table, write_table

Floats = npt.NDArray[np.float64]
FOLDER: Final = "baseline"
SCENES_FILE, GROUND_FILE, ANSWERS_FILE = (f"{FOLDER}/{name}.parquet" for name in ("scenes", "ground", "answers"))
# As many as monitoring.yaml asks of new scenes by default: a mean of more chips is a quieter one.
CHIPS_PER_SCENE: Final = 24


@dataclass(frozen=True, eq=False)
class KnownScene:
    """A scene of the baseline.

    Attributes:
        observation: what its chips say.
        left_over: level beyond what ground and angle let expect, by polarisation [dB]; none where it is not known.
        image: mean embedding (E,); None for a scene that the model was trained on.
    """

    observation: SceneObservation
    left_over: Mapping[str, float]
    image: Floats | None


@dataclass(frozen=True, eq=False)
class Baseline:
    """Scenes by id in their order, and the model of the ground by sensor and polarisation."""

    scenes: tuple[KnownScene, ...]
    ground: Mapping[Key, Floats]


def write_scene_baseline(chips: Path, klip_folder: Path, folder: Path) -> None:
    """Write baseline/scenes.parquet and baseline/ground.parquet of a fusar-klip version.

    Args:
        chips: folder of CHIPS files.
        klip_folder: its model.
        folder: of the version's files.

    Raises:
        WrongSchema: a file holds no chips.
    """
    fits, scenes = GroundFits(), []
    for scene, cells in observe(chips):
        fits.add(scene, cells)
        scenes.append(scene)
    # The model knows its training scenes: only those that it has never seen look to it as new ones do.
    held_out = {scene.scene_id: chips / f"{scene.scene_id}.parquet" for scene in scenes if scene.is_held_out}
    images = embed_scenes(klip_folder, held_out, CHIPS_PER_SCENE)
    rows = [
        _row(scene, left_over, images.get(scene.scene_id))
        for scene, left_over in zip(scenes, fits.left_over(scenes), strict=True)
    ]
    write_table(rows, SCENES, folder / SCENES_FILE)
    ground = [
        {"sensor": sensor, "polarization": name, "coefficients": values.tolist()}
        for (sensor, name), values in fits.coefficients().items()
    ]
    write_table(ground, GROUND, folder / GROUND_FILE)


def write_answer_baseline(items: Path, folder: Path) -> None:
    """Write baseline/answers.parquet of a fusar-gpt version from its evaluation's items.parquet."""
    rows = [
        {"scene_id": found.scene_id, "platform": found.platform, "question": found.question}
        | {"answer": answer, "count": count}
        for found in answers_of_items(items)
        for answer, count in found.counts.items()
    ]
    write_table(rows, ANSWERS, folder / ANSWERS_FILE)


def read_scene_baseline(folder: Path) -> Baseline:
    """What `write_scene_baseline` wrote into a folder.

    Raises:
        WrongSchema: a file is of another format.
    """
    scenes = tuple(_known(row) for row in read_table(folder / SCENES_FILE, SCENES).to_pylist())
    ground = {
        (row["sensor"], row["polarization"]): np.array(row["coefficients"])
        for row in read_table(folder / GROUND_FILE, GROUND).to_pylist()
    }
    return Baseline(scenes, ground)


def read_answer_baseline(folder: Path) -> list[SceneAnswers]:
    """What `write_answer_baseline` wrote into a folder.

    Raises:
        WrongSchema: the file is of another format.
    """
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in read_table(folder / ANSWERS_FILE, ANSWERS).to_pylist():
        key = (row["scene_id"], row["platform"], row["question"])
        found.setdefault(key, {})[row["answer"]] = row["count"]
    return [SceneAnswers(*key, counts) for key, counts in found.items()]


def _row(scene: SceneObservation, left_over: Mapping[str, float], image: Floats | None) -> dict[str, Any]:
    planes = [
        {
            "polarization": name,
            "histogram": plane.histogram.tolist(),
            "level": None if np.isnan(plane.level) else plane.level,
            "left_over": left_over.get(name),
        }
        for name, plane in scene.planes.items()
    ]
    return {
        "scene_id": scene.scene_id,
        "sensor": scene.sensor,
        "place_id": scene.place_id,
        "held_out": scene.is_held_out,
        "longitude": scene.longitude,
        "latitude": scene.latitude,
        "incidence": scene.incidence,
        "ground": None if scene.ground is None else scene.ground.tolist(),
        "image": None if image is None else image.tolist(),
        "planes": planes,
    }


def _known(row: Mapping[str, Any]) -> KnownScene:
    planes = {
        plane["polarization"]: Plane(
            np.array(plane["histogram"], np.int64), np.nan if plane["level"] is None else plane["level"]
        )
        for plane in row["planes"]
    }
    observation = SceneObservation(
        scene_id=row["scene_id"],
        sensor=row["sensor"],
        place_id=row["place_id"],
        longitude=row["longitude"],
        latitude=row["latitude"],
        planes=planes,
        ground=None if row["ground"] is None else np.array(row["ground"]),
        incidence=row["incidence"],
        is_held_out=row["held_out"],
    )
    left_over = {plane["polarization"]: plane["left_over"] for plane in row["planes"] if plane["left_over"] is not None}
    return KnownScene(observation, left_over, None if row["image"] is None else np.array(row["image"]))
