"""The scenes that a retrain was made of, with the md5 of each file of theirs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from components.lineage.record import Content, Scene, SetAside
from components.records.schemas import CHIPS, SET_ASIDE
from components.records.tables import read_table

_COLUMNS = (
    "scene_id",
    "place_id",
    "split",
    "platform",
    "frequency_band",
    "polarizations",
    "datetime",
    "simulated",
)


def scenes_of(chips: Path, data_files: Sequence[Content]) -> tuple[Scene, ...]:
    """One entry per scene that gave at least one chip, sorted by scene id.

    Args:
        chips: the folder `outputs/ingest/chips`.
        data_files: the listing of `data`; files whose stem is the scene's id belong to it.
    """
    files: dict[str, list[Content]] = defaultdict(list)
    for file in data_files:
        files[PurePosixPath(file.path).stem].append(file)
    counts: dict[str, int] = defaultdict(int)
    first: dict[str, Mapping[str, Any]] = {}
    for row in read_table(chips, CHIPS, _COLUMNS).to_pylist():
        counts[row["scene_id"]] += 1
        first.setdefault(row["scene_id"], row)
    return tuple(_scene(first[name], counts[name], files.get(name, [])) for name in sorted(first))


def set_aside_of(table: Path) -> tuple[SetAside, ...]:
    """The scenes that could not be cut, sorted by id, each with the code of its reason."""
    rows = read_table(table, SET_ASIDE, ("scene_id", "code")).to_pylist()
    return tuple(SetAside(**row) for row in sorted(rows, key=lambda row: (row["scene_id"], row["code"])))


def _scene(row: Mapping[str, Any], chips: int, files: Sequence[Content]) -> Scene:
    values = {name: row[name] for name in _COLUMNS if name not in ("polarizations", "datetime")}
    return Scene(
        **values,
        polarizations=tuple(row["polarizations"]),
        datetime=row["datetime"].isoformat().replace("+00:00", "Z"),
        chips=chips,
        files=tuple(sorted(files, key=lambda file: file.path)),
    )
