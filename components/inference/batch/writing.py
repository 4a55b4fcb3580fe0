"""What a model said about one scene as files: GeoParquet of chips and boxes, GeoJSON, and the note that it is done."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import shapely

from components.geography.projection import pixel_to_lonlat
from components.inference.batch.collecting import Scene
from components.inference.layers import features_of, write_geojson
from components.inference.scene import ChipPrediction
from components.lineage.contents import content_md5
from components.records.schemas import PREDICTED_BOXES, PREDICTIONS
from components.records.tables import write_table

FORMAT: Final = 1  # of the files below; another one answers every scene again


@dataclass(frozen=True)
class Done:
    """A scene that was answered.

    Attributes:
        scene_id: its id.
        key: digest of what the answers rest on: version, scene, bands.
        md5: of the scene's GeoTIFF.
        chips: how many were asked about.
        boxes: how many were found.
        outputs: path below the folder to md5.
        run_id: of the prediction that recorded it; empty until one did.
    """

    scene_id: str
    key: str
    md5: str
    chips: int
    boxes: int
    outputs: Mapping[str, str]
    run_id: str


def key_of(scene: Scene, md5: str, model_id: str) -> str:
    """SHA-256 of what answers rest on: the same key, the same answers."""
    rests_on = [FORMAT, model_id, md5, asdict(scene.bands), scene.scene_id, scene.datetime]
    return hashlib.sha256(json.dumps(rests_on).encode()).hexdigest()


def write_scene(scene: Scene, predictions: list[ChipPrediction], model: str, folder: Path) -> dict[str, str]:
    """Write chips/<id>.parquet, boxes/<id>.parquet and <id>.geojson; answer each path below the folder with its md5."""
    chips, boxes = _rows(scene, predictions, model)
    name = scene.scene_id
    paths = {"chips": f"chips/{name}.parquet", "boxes": f"boxes/{name}.parquet", "layer": f"{name}.geojson"}
    write_table(chips, PREDICTIONS, folder / paths["chips"])
    write_table(boxes, PREDICTED_BOXES, folder / paths["boxes"])
    write_geojson(predictions, model, folder / paths["layer"])
    return {path: content_md5(folder / path) for path in paths.values()}


def read_done(folder: Path, scene_id: str) -> Done | None:
    """The note of an answered scene whose files are all as they were written; None where it must be asked again."""
    try:
        done = Done(**json.loads(_note(folder, scene_id).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    is_whole = all(content_md5(folder / path) == md5 for path, md5 in done.outputs.items())
    return done if is_whole else None


def write_done(folder: Path, done: Done) -> None:
    """Note that a scene is answered: the last of its files, and written at once."""
    path = _note(folder, done.scene_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(vars(done), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(path)


def _note(folder: Path, scene_id: str) -> Path:
    return folder / "done" / f"{scene_id}.json"


def _rows(
    scene: Scene, predictions: list[ChipPrediction], model: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    chips, boxes = [], []
    features = iter(features_of(predictions, model))
    for chip in predictions:
        common = {
            "chip_id": f"{scene.scene_id}-r{chip.row:04d}-c{chip.col:04d}",
            "scene_id": scene.scene_id,
            "model": model,
        }
        chips.append({**common, **_chip(scene, chip, next(features))})
        for box in chip.boxes:
            x0, y0, x1, y1 = box.corners
            corners = {"x0": x0, "y0": y0, "x1": x1, "y1": y1}
            boxes.append({**common, "label": _text(box.label), **corners, "footprint": _outline(next(features))})
    return chips, boxes


def _chip(scene: Scene, chip: ChipPrediction, feature: Mapping[str, Any]) -> dict[str, Any]:
    height, width = chip.codes.shape
    longitude, latitude = pixel_to_lonlat(chip.crs, chip.affine, [width / 2], [height / 2])
    return {
        "row": chip.row,
        "col": chip.col,
        "footprint": _outline(feature),
        "longitude": float(longitude[0]),
        "latitude": float(latitude[0]),
        "datetime": scene.datetime,
        **{question: _text(answer) for question, answer in chip.answers.items()},
    }


def _text(answer: str) -> str:
    """What Arrow can hold: a model may write half a surrogate pair."""
    return answer.encode("utf-8", "replace").decode()


def _outline(feature: Mapping[str, Any]) -> bytes:
    return bytes(shapely.to_wkb(shapely.Polygon(feature["geometry"]["coordinates"][0])))
