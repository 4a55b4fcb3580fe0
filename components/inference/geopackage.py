"""Predictions as a GeoPackage that QGIS opens with its style: two layers, and the table in which QGIS keeps styles."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely

from components.inference.layers import features_of
from components.inference.scene import QUESTIONS, ChipPrediction
from components.inference.styles import BOXES, CHIPS, qml_of

_GEOMETRY = "geom"
_FIELDS: Mapping[str, tuple[str, ...]] = {
    CHIPS: ("row", "col", "model", *QUESTIONS),
    BOXES: ("kind", "model", "row", "col"),
}


def write_geopackage(predictions: Sequence[ChipPrediction], model_version: str, path: Path) -> None:
    """Write the layers `chips` (answers as fields) and `boxes` (label in `kind`) in EPSG:4326, with default styles.

    QGIS applies the row of `layer_styles` that names a layer and is its default; other readers see one more table.
    """
    partial = path.with_name(f".{path.stem}.partial.gpkg")
    partial.unlink(missing_ok=True)
    features = features_of(predictions, model_version)
    for layer, is_chips in ((CHIPS, True), (BOXES, False)):
        chosen = [feature for feature in features if (feature["properties"]["kind"] == "chip") == is_chips]
        _write_layer(partial, layer, chosen)
    _write_styles(partial)
    partial.replace(path)


def _write_layer(path: Path, layer: str, features: Sequence[Mapping[str, Any]]) -> None:
    rings = [shapely.Polygon(feature["geometry"]["coordinates"][0]) for feature in features]
    columns = {name: [feature["properties"][name] for feature in features] for name in _FIELDS[layer]}
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(ring) for ring in rings], dtype=object),
        [_column(name, values) for name, values in columns.items()],
        np.array(list(columns)),
        layer=layer,
        driver="GPKG",
        geometry_type="Polygon",
        crs="EPSG:4326",
        layer_options={"GEOMETRY_NAME": _GEOMETRY},
    )


def _column(name: str, values: Sequence[Any]) -> np.ndarray[Any, Any]:
    if name in ("row", "col"):
        return np.array(values, dtype=np.int32)
    return np.array([_text(value) for value in values], dtype=object)


def _text(value: str) -> str:
    """What SQLite can hold: a model may write half a surrogate pair or a zero byte."""
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _write_styles(path: Path) -> None:
    layers = list(_FIELDS)
    now = np.datetime64(dt.datetime.now(dt.UTC).replace(tzinfo=None), "ms")
    columns: dict[str, Sequence[Any]] = {
        "f_table_catalog": [""] * len(layers),
        "f_table_schema": [""] * len(layers),
        "f_table_name": layers,
        "f_geometry_column": [_GEOMETRY] * len(layers),
        "styleName": layers,
        "styleQML": [qml_of(layer) for layer in layers],
        "styleSLD": [""] * len(layers),
        "description": ["chips by answer", "objects by class"],
        "owner": [""] * len(layers),
    }
    data = [np.array(values, dtype=object) for values in columns.values()]
    data += [np.array([True] * len(layers)), np.array([now] * len(layers))]
    pyogrio.raw.write(
        path,
        None,
        data,
        np.array([*columns, "useAsDefault", "update_time"]),
        layer="layer_styles",
        driver="GPKG",
        layer_options={"FID": "id"},
    )
