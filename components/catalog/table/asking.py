"""What is asked of the scene table: place, time, sensor."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from components.catalog.table.geoparquet import METADATA
from components.catalog.table.index import FAULT, FILE, FILES, MD5, OWN_COLUMNS, SENSORS
from components.records.tables import write_table

_SHOWN: Final = (
    "id",
    "datetime",
    "start_datetime",
    "end_datetime",
    "platform",
    "sar:polarizations",
    "fusar:product",
    "bbox",
)
_ASKED: Final = ("geometry", FILE, MD5, FAULT, FILES, SENSORS)


@dataclass(frozen=True)
class Question:
    """What a scene must be; what is None is not asked.

    Attributes:
        place: area that its footprint touches, longitude and latitude [degree], may go on beyond 180.
        start: first moment.
        end: last moment; a scene that was taken over a span of time counts where the two overlap.
        sensor: its platform, constellation or instrument, in any case.
        ids: it is one of these.
    """

    place: BaseGeometry | None = None
    start: datetime | None = None
    end: datetime | None = None
    sensor: str | None = None
    ids: frozenset[str] | None = None


def open_table(path: Path) -> pa.Table:
    """The columns that questions need and lists show, broken items included."""
    return pq.read_table(path, columns=[*_SHOWN, *_ASKED])


def broken(table: pa.Table) -> list[tuple[str, str]]:
    """File name and fault of each broken item."""
    rows = table.filter(table[FAULT].is_valid())
    return list(zip(rows[FILE].to_pylist(), rows[FAULT].to_pylist(), strict=True))


def answering(table: pa.Table, question: Question) -> npt.NDArray[np.bool_]:
    """Which rows are scenes that a question asks for, shape (rows,)."""
    asked = [table[FAULT].is_null()]
    if question.ids is not None:
        asked.append(pc.is_in(table["id"], pa.array(sorted(question.ids), pa.string())))
    if question.start is not None:
        asked.append(pc.greater_equal(pc.coalesce(table["end_datetime"], table["datetime"]), question.start))
    if question.end is not None:
        asked.append(pc.less_equal(pc.coalesce(table["start_datetime"], table["datetime"]), question.end))
    if question.sensor is not None:
        asked.append(_has(table[SENSORS], question.sensor.casefold()))
    found: npt.NDArray[np.bool_] = np.all([_plain(one) for one in asked], axis=0)
    if question.place is not None:
        found[found] = _touching(table["geometry"].filter(pa.array(found)), question.place)
    return found


def shown(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as a list shows them: plain JSON values."""
    rows = []
    for row in table.select(_SHOWN).to_pylist():
        times = {
            name: value.isoformat().replace("+00:00", "Z") for name, value in row.items() if isinstance(value, datetime)
        }
        box = None if row["bbox"] is None else list(row["bbox"].values())
        rows.append({**row, **times, "bbox": box})
    return rows


def write_selected(path: Path, rows: npt.NDArray[np.bool_], output: Path) -> int:
    """Write rows of the table at `path` as stac-geoparquet, without columns of our own; answer how many."""
    table = pq.read_table(path).filter(pa.array(rows)).drop_columns(list(OWN_COLUMNS))
    table = table.replace_schema_metadata(METADATA)
    write_table(table, table.schema, output)
    return int(table.num_rows)


def _plain(mask: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """A mask whose unknowns are false."""
    return np.asarray(pc.fill_null(mask, False).to_numpy(), np.bool_)


def _has(lists: pa.ChunkedArray, value: str) -> pa.ChunkedArray:
    """Which lists hold a value."""
    rows = lists.combine_chunks()
    hits = pc.list_parent_indices(rows).filter(pc.equal(pc.list_flatten(rows), value))
    found = np.zeros(len(rows), np.bool_)
    found[hits.to_numpy()] = True
    return pa.chunked_array([pa.array(found)])


def _touching(footprints: pa.ChunkedArray, place: BaseGeometry) -> npt.NDArray[np.bool_]:
    """Which footprints touch an area; either may go on beyond the antimeridian, the other begin anew there."""
    everywhere = shapely.union_all([translate(place, turn) for turn in (-360, 0, 360)])
    shapely.prepare(everywhere)
    return np.asarray(shapely.intersects(everywhere, shapely.from_wkb(footprints.to_numpy())), np.bool_)
