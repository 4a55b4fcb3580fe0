"""Page of the Arrow schemas: what every column of every table holds."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from components.records import schemas
from docs.writers.markdown import code, page, prose, table

HEAD = """Tables pass between stages as Parquet (zstd). A file carries its schema's name and version, and the
meaning of each column (`pyarrow.parquet.read_schema(FILE).field(NAME).metadata`); a reader refuses another
version. A column that may be null says so."""


def schemas_page(root: Path) -> str:
    """For each schema its rows, its version, and a table of column, type and meaning."""
    return page("Tables between stages", HEAD, {name: _section(schema) for name, schema in all_schemas().items()})


def all_schemas() -> dict[str, pa.Schema]:
    """Every schema of components.records.schemas by its name in files."""
    found = [value for value in vars(schemas).values() if isinstance(value, pa.Schema)]
    return {schema.metadata[b"fusar.schema"].decode(): schema for schema in found}


def meaning_of(metadata: dict[bytes, bytes] | None) -> str:
    """What a schema or a field says of itself; empty where it says nothing."""
    return (metadata or {}).get(schemas.DESCRIPTION.encode(), b"").decode()


def columns(fields: Iterator[pa.Field] | pa.Schema, prefix: str = "") -> Iterator[tuple[str, pa.Field]]:
    """Columns with their full names; those of a struct behind it."""
    for field in fields:
        yield f"{prefix}{field.name}", field
        inner = field.type.value_type if pa.types.is_list(field.type) else field.type
        if pa.types.is_struct(inner):
            mark = "[]" if inner is not field.type else ""
            yield from columns((inner.field(i) for i in range(inner.num_fields)), f"{prefix}{field.name}{mark}.")


def _section(schema: pa.Schema) -> str:
    version = schema.metadata[b"fusar.version"].decode()
    rows = [(code(name), code(_type(field)), meaning_of(field.metadata)) for name, field in columns(schema)]
    return f"{prose(meaning_of(schema.metadata))} Version {version}.\n\n{table(('column', 'type', 'meaning'), rows)}"


def _type(field: pa.Field) -> str:
    inner = field.type.value_type if pa.types.is_list(field.type) else field.type
    name = f"{'list of ' if inner is not field.type else ''}{'struct' if pa.types.is_struct(inner) else inner}"
    fixed = pa.types.is_fixed_size_list(field.type)
    kind = f"{field.type.list_size} x {field.type.value_type}" if fixed else name
    return f"{kind} or null" if field.nullable else kind
