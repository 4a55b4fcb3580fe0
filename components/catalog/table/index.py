"""The scene table of data/: one row for each item, read anew only where its file has changed.

It is derived from data/items and may be removed at any time. A broken item has a row that says why, and no scene.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock
from pystac.utils import str_to_datetime
from shapely.errors import ShapelyError

from components.catalog.table.geoparquet import CORE, METADATA, merged, row_of, table_of
from components.contract.errors import FusarError
from components.contract.progress import progress
from components.records.tables import write_table

TABLE: Final = "items.parquet"
# Columns of our own beside those of stac-geoparquet.
FILE: Final = "fusar:item_file"
MTIME: Final = "fusar:item_mtime_ns"
BYTES: Final = "fusar:item_bytes"
MD5: Final = "fusar:item_md5"
FAULT: Final = "fusar:fault"
FILES: Final = "fusar:files"
SENSORS: Final = "fusar:sensors"
_KEY: Final = pa.schema([(FILE, pa.string()), (MTIME, pa.int64()), (BYTES, pa.int64())])
_OWN: Final = pa.schema(
    [
        *_KEY,
        (MD5, pa.string()),
        (FAULT, pa.string()),
        (FILES, pa.list_(pa.string())),
        (SENSORS, pa.list_(pa.string())),
    ]
)
OWN_COLUMNS: Final = tuple(_OWN.names)
_SCHEMA: Final = pa.schema([*CORE, *_OWN])
_VERSION: Final = ("fusar.scene_table", "1")
# A file written just now may get other bytes within the same tick of its file system's clock.
_SETTLED_NS: Final = 2_000_000_000
_MOST_NAMES, _DEEPEST = 2_000, 12  # of an item; a name may become a column


class Readable(Protocol):
    """What reading an item must tell."""

    @property
    def acquired(self) -> datetime | None:
        """Time of acquisition, UTC."""

    @property
    def files(self) -> Mapping[str, Path]:
        """Asset name to its path under data/."""


Read = Callable[[Path, Path], Readable]


@dataclass(frozen=True)
class Refreshed:
    """The table as it lies on disk, up to date.

    Attributes:
        path: a Parquet file: stac-geoparquet with columns of its own, `OWN_COLUMNS`.
        read: items that were read for it; the others were known.
    """

    path: Path
    read: int


def refresh(data: Path, folder: Path, read: Read) -> Refreshed:
    """Bring the table up to date with data/items.

    Args:
        data: folder of items and assets.
        folder: where the table lies.
        read: reads one item, given its file and `data`; a FusarError says what is broken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        path, found = folder / TABLE, _scan(data / "items")
        key = _known(path)
        same = pc.is_in(_digest(key), _digest(found))
        fresh = found.filter(pc.invert(pc.is_in(_digest(found), _digest(key))))
        if not path.exists() or fresh.num_rows or not pc.all(same, min_count=0).as_py():
            names = fresh[FILE].to_pylist()
            shown = progress(names, "items", len(names)) if names else ()
            rows = [_row(data, name, read) for name in shown]
            parts = [pq.read_table(path).filter(same)] if key.num_rows else []
            _write(merged([*parts, table_of(rows, _SCHEMA)]), path)
    return Refreshed(path, fresh.num_rows)


def settled(mtime_ns: int) -> int:
    """The time of a file to remember it by; -1, which is none, where the file may still change unseen."""
    return mtime_ns if time.time_ns() - mtime_ns > _SETTLED_NS else -1


def _known(path: Path) -> pa.Table:
    """What the table knows: nothing where it is absent, damaged or of another version."""
    try:
        if (pq.read_schema(path).metadata or {}).get(_VERSION[0].encode()) == _VERSION[1].encode():
            return pq.read_table(path, columns=_KEY.names)
    except (OSError, pa.ArrowException):
        pass
    return _KEY.empty_table()


def _scan(items: Path) -> pa.Table:
    """Name, time and size of each item's file."""
    if not items.is_dir():
        return _KEY.empty_table()
    with os.scandir(items) as entries:
        found = [(entry.name, *_state(entry)) for entry in entries if entry.name.endswith(".json")]
    columns = list(zip(*sorted(found), strict=True)) or [(), (), ()]
    return pa.table([pa.array(values, field.type) for values, field in zip(columns, _KEY, strict=True)], _KEY)


def _state(entry: "os.DirEntry[str]") -> tuple[int, int]:
    try:
        status = entry.stat()
    except OSError:  # a link into nothing: reading says so
        return 0, 0
    return status.st_mtime_ns, status.st_size


def _digest(key: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(key[FILE], *(key[name].cast(pa.string()) for name in (MTIME, BYTES)), "/")


def _row(data: Path, name: str, read: Read) -> dict[str, Any]:
    path = data / "items" / name
    try:
        status = path.stat()
        known: dict[str, Any] = {FILE: name, MTIME: settled(status.st_mtime_ns), BYTES: status.st_size}
        with path.open("rb") as file:
            known[MD5] = hashlib.file_digest(file, "md5").hexdigest()
    except OSError:
        known = {FILE: name, MTIME: 0, BYTES: 0, MD5: None}
    try:
        return {**_described(path, read(path, data), data), **known}
    except FusarError as error:
        return {**known, FAULT: str(error)}
    except OSError as error:
        return {**known, FAULT: f"{path}: cannot be read ({error.strerror})."}
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, ShapelyError) as error:
        return {**known, FAULT: f"{path}: no row of a table can be made of it ({str(error)[:200]})."}


def _described(path: Path, scene: Readable, data: Path) -> dict[str, Any]:
    text = path.read_bytes().decode()
    item = json.loads(text)
    json.dumps(item, ensure_ascii=False).encode()  # half a surrogate pair is text in JSON and nowhere else
    if sum(1 for _ in _names(item, 0)) > _MOST_NAMES:
        raise ValueError(f"more than {_MOST_NAMES} names")
    properties = item["properties"]
    spans = {
        name: str_to_datetime(properties[name]) for name in ("start_datetime", "end_datetime") if properties.get(name)
    }
    said = [properties.get("platform"), properties.get("constellation"), *_list(properties.get("instruments"))]
    return {
        **row_of(item, {"datetime": scene.acquired, **spans}),
        FAULT: None,
        FILES: [file.relative_to(data).as_posix() for file in scene.files.values()],
        SENSORS: sorted({one.casefold() for one in said if isinstance(one, str)}),
    }


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _names(value: Any, depth: int) -> Iterator[str]:
    """All names in a JSON value, at any depth."""
    if depth > _DEEPEST:
        raise ValueError(f"nested deeper than {_DEEPEST}")
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else _list(value):
        if isinstance(part, dict | list):
            yield from _names(part, depth + 1)


def _write(table: pa.Table, path: Path) -> None:
    ordered = table.sort_by(FILE).select([*_SCHEMA.names, *sorted(set(table.column_names) - set(_SCHEMA.names))])
    ordered = ordered.replace_schema_metadata({**METADATA, _VERSION[0]: _VERSION[1]})
    write_table(ordered, ordered.schema, path)
