"""STAC items as an Arrow table in the layout of stac-geoparquet: properties are columns, footprints WKB."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import shapely

_LAYOUT: Final = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {
        "geometry": {
            "encoding": "WKB",
            "geometry_types": [],  # any
            "covering": {"bbox": {edge: ["bbox", edge] for edge in ("xmin", "ymin", "xmax", "ymax")}},
        }
    },
}
METADATA: Final = {"geo": json.dumps(_LAYOUT), "stac-geoparquet": json.dumps({"version": "1.0.0"})}
_BOX: Final = pa.struct([pa.field(edge, pa.float64()) for edge in ("xmin", "ymin", "xmax", "ymax")])
_TIME: Final = pa.timestamp("us", "UTC")
# What every table has, whatever its items say; all other columns have the type of what stands there.
CORE: Final = pa.schema(
    [
        ("type", pa.string()),
        ("stac_version", pa.string()),
        ("stac_extensions", pa.list_(pa.string())),
        ("id", pa.string()),
        ("geometry", pa.binary()),
        ("bbox", _BOX),
        ("datetime", _TIME),
        ("start_datetime", _TIME),
        ("end_datetime", _TIME),
        ("platform", pa.string()),
        ("sar:polarizations", pa.list_(pa.string())),
        ("fusar:product", pa.string()),
        ("collection", pa.string()),
        ("links", pa.null()),
        ("assets", pa.null()),
    ]
)
_INFERRED: Final = ("links", "assets")
Row = Mapping[str, Any]


def row_of(item: Mapping[str, Any], times: Mapping[str, Any]) -> dict[str, Any]:
    """One item as a row.

    Args:
        item: a STAC item whose type, id, platform and polarisations are right.
        times: datetime, start_datetime and end_datetime as moments with a zone.

    Raises:
        ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError: the geometry is none.
    """
    geometry = None if item.get("geometry") is None else shapely.geometry.shape(item["geometry"])
    return {
        **item["properties"],
        **times,
        "type": "Feature",
        "stac_version": str(item["stac_version"]),
        "stac_extensions": [str(one) for one in item.get("stac_extensions") or ()],
        "id": item["id"],
        "geometry": None if geometry is None else shapely.to_wkb(geometry, output_dimension=2),
        "bbox": _box(item.get("bbox"), geometry),
        "collection": None if item.get("collection") is None else str(item["collection"]),
        "links": item.get("links") or [],
        "assets": item["assets"],
    }


def table_of(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Rows as columns: those of a schema with its types, then the others by name.

    A column that holds values of several types holds JSON: no item keeps another one out.
    """
    others = sorted({name for row in rows for name in row} - set(schema.names))
    columns = {}
    for name in (*schema.names, *others):
        values = [row.get(name) for row in rows]
        is_inferred = name in others or name in _INFERRED
        columns[name] = _inferred(values) if is_inferred else pa.array(values, schema.field(name).type)
    return pa.table(columns)


def merged(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables one after another; a column of several types holds JSON."""
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException:
        clashing = [
            name for name in {name for table in tables for name in table.column_names} if _clashes(name, tables)
        ]
        return pa.concat_tables([_as_json(table, clashing) for table in tables], promote_options="permissive")


def _clashes(name: str, tables: Iterable[pa.Table]) -> bool:
    try:
        pa.concat_tables([t.select([name]) for t in tables if name in t.column_names], promote_options="permissive")
    except pa.ArrowException:
        return True
    return False


def _as_json(table: pa.Table, names: Iterable[str]) -> pa.Table:
    for name in set(names) & set(table.column_names):
        column = table[name]
        if column.type != pa.string():
            table = table.set_column(table.column_names.index(name), name, _json(column.to_pylist()))
    return table


def _inferred(values: Sequence[Any]) -> pa.Array:
    try:
        found = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return _json(values)
    return _json(values) if _has_empty_struct(found.type) else found


def _json(values: Iterable[Any]) -> pa.Array:
    texts = (value if value is None or isinstance(value, str) else json.dumps(value) for value in values)
    return pa.array(texts, pa.string())


def _has_empty_struct(kind: pa.DataType) -> bool:
    """Parquet has no struct without fields."""
    if pa.types.is_struct(kind) and kind.num_fields == 0:
        return True
    return any(_has_empty_struct(kind.field(place).type) for place in range(kind.num_fields))


def _box(stated: Any, geometry: Any) -> dict[str, float] | None:
    """The bounding box that an item states, heights left out, or else that of its geometry."""
    if stated:
        edges = [float(edge) for edge in stated]
        west, south, east, north = (edges[place] for place in ((0, 1, 3, 4) if len(edges) == 6 else (0, 1, 2, 3)))
    elif geometry is not None:
        west, south, east, north = geometry.bounds
    else:
        return None
    return {"xmin": west, "ymin": south, "xmax": east, "ymax": north}
