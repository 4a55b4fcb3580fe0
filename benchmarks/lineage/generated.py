"""Generated snapshots: scenes come, go, return and change from version to version. Nothing of them was acquired."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from components.records.schemas import SCENES

Numbers = npt.NDArray[np.int64]
FOLDERS = ("items", "labels", "scenes")
_SUFFIXES = (".json", ".geojson", ".tif")
_DIGEST_BYTES = 16


@dataclass(frozen=True)
class Step:
    """What one version has more and less than the one before.

    Attributes:
        added: numbers of scenes, shape (n,), and the number of the content of each, shape (n,).
        removed: the same of what is gone; a scene with another content is in both.
        scenes: in the whole version.
    """

    added: tuple[Numbers, Numbers]
    removed: tuple[Numbers, Numbers]
    scenes: int


def history(scenes: int, versions: int, changes: int, seed: int = 0) -> Iterator[Step]:
    """Versions of a data set: nine tenths of the scenes at first, then a few changes each; same seed, same history.

    Of the changed scenes that a version has, a half goes and a half gets other bytes; those that it lacks come (back).

    Args:
        scenes: that there are in all.
        versions: steps that are made, the first with all scenes that it has.
        changes: scenes that differ between two versions that follow each other.
        seed: of the drawing.
    """
    drawn = np.random.default_rng(seed)
    content = np.where(np.arange(scenes) < scenes * 9 // 10, 1, 0)  # 0: not there
    newest = np.ones(scenes, dtype=np.int64)
    first = np.flatnonzero(content)
    nothing = np.empty(0, dtype=np.int64)
    yield Step((first, content[first]), (nothing, nothing), len(first))
    for _ in range(versions - 1):
        changed = np.sort(drawn.choice(scenes, changes, replace=False))
        before = content[changed]
        is_there, goes = before > 0, drawn.random(changes) < 0.5
        newest[changed] += is_there & ~goes
        content[changed] = np.where(is_there & goes, 0, newest[changed])
        comes = content[changed] > 0
        added, removed = changed[comes], changed[is_there]
        yield Step((added, content[added]), (removed, before[is_there]), int((content > 0).sum()))


def name(number: int) -> str:
    """The id of a scene."""
    return f"scene-{number:07d}"


def digests(numbers: Numbers, contents: Numbers) -> list[bytes]:
    """What stands for the digest of each content."""
    return [bytes(row) for row in np.stack([numbers, contents], axis=1).astype(">i8").view(f"V{_DIGEST_BYTES}").ravel()]


def md5(number: int, content: int, file: int = 2) -> str:
    """What stands for the md5 of a file of a content, its raster by default."""
    return f"{number:016x}{content:08x}{file:08x}"


def scene_table(numbers: Numbers, contents: Numbers) -> pa.Table:
    """Scenes with schema SCENES: as large as real ones, all facts plain."""
    ids = [name(number) for number in numbers]
    west = (numbers % 3600) / 10 - 180
    south = (numbers // 3600 % 1700) / 10 - 85
    columns: dict[str, Any] = {
        "scene_id": ids,
        "place_id": [f"place-{number % 1000:03d}" for number in numbers],
        "split": [("train", "train", "val", "test")[number % 4] for number in numbers],
        "platform": [("sentinel-1", "gaofen-3", "umbra")[number % 3] for number in numbers],
        "frequency_band": [("C", "C", "X")[number % 3] for number in numbers],
        "polarizations": [("VV", "VH")] * len(ids),
        "datetime": [f"2024-05-{1 + number % 28:02d}T00:00:00Z" for number in numbers],
        "simulated": [True] * len(ids),
        "chips": [9] * len(ids),
        "files": [_files(*each) for each in zip(ids, numbers.tolist(), contents.tolist(), strict=True)],
        "footprint": shapely.to_wkb(shapely.box(west, south, west + 0.1, south + 0.1)),
        "content": digests(numbers, contents),
    }
    arrays = [pa.array(columns[field.name], field.type) for field in SCENES]
    return pa.Table.from_arrays(arrays, schema=SCENES)


def _files(scene_id: str, number: int, content: int) -> list[dict[str, str]]:
    return [
        {"path": f"{folder}/{scene_id}{suffix}", "md5": md5(number, content, file)}
        for file, (folder, suffix) in enumerate(zip(FOLDERS, _SUFFIXES, strict=True))
    ]
