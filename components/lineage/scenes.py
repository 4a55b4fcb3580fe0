"""The scenes that a retrain was made of, with the md5 of each file of theirs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import shapely

from components.lineage.record import UNKNOWN_TIME, Content, Scene, SetAside
from components.records.schemas import CHIPS, SET_ASIDE
from components.records.tables import read_table

HALF_TURN = 180.0
_COLUMNS = (
    "scene_id",
    "place_id",
    "split",
    "platform",
    "frequency_band",
    "polarizations",
    "datetime",
    "simulated",
    "footprint",
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
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in read_table(chips, CHIPS, _COLUMNS).to_pylist():
        rows[row["scene_id"]].append(row)
    return tuple(_scene(rows[name], files.get(name, [])) for name in sorted(rows))


def set_aside_of(table: Path) -> tuple[SetAside, ...]:
    """The scenes that could not be used, sorted by id, each with the code of its reason."""
    rows = read_table(table, SET_ASIDE, ("scene_id", "code")).to_pylist()
    return tuple(SetAside(**row) for row in sorted(rows, key=lambda row: (row["scene_id"], row["code"])))


def _scene(rows: Sequence[Mapping[str, Any]], files: Sequence[Content]) -> Scene:
    """A scene by its chips, which agree in all but the footprint."""
    first = rows[0]
    values = {name: first[name] for name in _COLUMNS if name not in ("polarizations", "datetime", "footprint")}
    return Scene(
        **values,
        polarizations=tuple(first["polarizations"]),
        datetime=UNKNOWN_TIME if first["datetime"] is None else first["datetime"].isoformat().replace("+00:00", "Z"),
        chips=len(rows),
        files=tuple(sorted(files, key=lambda file: file.path)),
        bounds=_bounds([row["footprint"] for row in rows if row["footprint"] is not None]),
    )


def _bounds(footprints: Sequence[bytes]) -> tuple[float, float, float, float] | None:
    """West, south, east, north [degree]; where chips lie on both sides of the antimeridian, east is above 180.

    None where no place is known.
    """
    if not footprints:
        return None
    found = shapely.bounds(shapely.from_wkb(footprints))
    if found[:, 2].max() - found[:, 0].min() > HALF_TURN:
        found[found[:, 0] < 0, 0::2] += 2 * HALF_TURN
    west, south = found[:, :2].min(axis=0)
    east, north = found[:, 2:].max(axis=0)
    return round(float(west), 7), round(float(south), 7), round(float(east), 7), round(float(north), 7)
