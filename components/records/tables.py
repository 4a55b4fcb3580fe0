"""Writing and reading the tables that pass between stages: checked, atomic, the same bytes for the same rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from components.contract.errors import FusarError

Row = Mapping[str, Any]

# Of a stream: writers hold one at a time, and a training unpacks a whole one for the first chip that it draws of it.
_ROW_GROUP_BYTES = 1_000_000


class WrongSchema(FusarError):
    """A Parquet file does not hold the schema and version that its reader needs."""

    def __init__(self, path: Path, wanted: str, found: str) -> None:
        super().__init__(path, wanted, found)
        self.path, self.wanted, self.found = path, wanted, found

    def __str__(self) -> str:
        return f"{self.path}: holds {self.found}, but {self.wanted} is needed. Run the stage that writes it again."


def write_table(rows: Sequence[Row] | pa.Table, schema: pa.Schema, path: Path) -> None:
    """Write rows as Parquet (zstd-1) under a temporary name, then move them into place."""
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows), schema=schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table.cast(schema), partial, **_settings(schema))
    partial.replace(path)


@contextmanager
def table_stream(schema: pa.Schema, path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Write a table as its parts come, as Parquet (zstd-1) in row groups of some 1 MB; an error leaves no file.

    A table that fits one row group is the same bytes as `write_table` makes, whatever parts it came in.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    held: list[pa.Table] = []
    try:
        with pq.ParquetWriter(partial, schema, **_settings(schema)) as writer:

            def flush() -> None:
                if held:
                    writer.write_table(pa.concat_tables(held).combine_chunks())
                    held.clear()

            def write(table: pa.Table) -> None:
                held.append(table if table.schema.equals(schema, check_metadata=True) else table.cast(schema))
                if sum(one.nbytes for one in held) >= _ROW_GROUP_BYTES:
                    flush()

            yield write
            flush()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _settings(schema: pa.Schema) -> dict[str, Any]:
    """Values of bytes, such as pixels, never repeat: nothing is won by looking for equal ones."""
    repeating = [field.name for field in schema if not pa.types.is_binary(field.type)]
    return {"compression": "zstd", "compression_level": 1, "use_dictionary": repeating}


def read_table(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one Parquet file, or all files of a folder in the order of their names.

    Args:
        path: a file, or a folder of `*.parquet` files.
        schema: one of `components.records.schemas`.
        columns: names to read; None reads all.

    Raises:
        WrongSchema: a file holds another schema or version.
        FusarError: the path does not exist or is no Parquet file.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    wanted = None if columns is None else list(columns)
    tables = [_read_file(file, schema, wanted) for file in files]
    if not tables:
        empty = schema.empty_table()
        return empty if wanted is None else empty.select(wanted)
    return pa.concat_tables(tables)


def _read_file(path: Path, schema: pa.Schema, columns: list[str] | None) -> pa.Table:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise FusarError(f"{path}: cannot be read as Parquet ({error}). Run the stage that writes it again.") from error
    with file:
        wanted, found = _identity(schema), _identity(file.schema_arrow)
        if wanted != found:
            raise WrongSchema(path, wanted, found)
        return file.read(columns=columns)


def _identity(schema: pa.Schema) -> str:
    metadata = schema.metadata or {}
    name = metadata.get(b"fusar.schema", b"an unnamed schema").decode()
    return f"{name} version {metadata.get(b'fusar.version', b'?').decode()}"
