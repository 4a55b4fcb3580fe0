"""Labelled objects of a scene on its chips."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, Field, ValidationError, model_validator
from pyproj.exceptions import ProjError

from components.geography.projection import Floats, lonlat_to_pixel
from components.ingestion.errors import BrokenObjects
from components.ingestion.items import first_fault
from components.rasters.errors import MissingAsset, UnusableCRS
from components.rasters.grids import Grid
from components.rasters.opening import Raster

Category = Literal["ship", "aircraft", "bridge", "building", "apron"]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6)]


class _Geometry(BaseModel):
    type: Literal["Polygon"]
    coordinates: list[Annotated[list[tuple[Coordinate, Coordinate]], Field(min_length=4)]] = Field(min_length=1)


class _Described(BaseModel):
    category: Category
    length_m: float | None = Field(None, gt=0)
    width_m: float | None = Field(None, gt=0)


class _Feature(BaseModel):
    geometry: _Geometry
    properties: _Described


class _Collection(BaseModel):
    features: list[_Feature]
    unit: Literal["degree", "pixel"] = Field("degree", alias="fusar:coordinates")

    @model_validator(mode="after")
    def _on_the_globe(self) -> Self:
        if self.unit == "degree":
            for number, feature in enumerate(self.features):
                if any(abs(lon) > 360 or abs(lat) > 90 for lon, lat in feature.geometry.coordinates[0]):
                    raise ValueError(f"features.{number}.geometry.coordinates: beyond 360 degrees east or 90 north")
        return self


class SceneObjects:
    """Labelled objects of one scene, in its pixels.

    Attributes:
        described: category, length and width of each object.
        centres: (N, 2) centre of each polygon (col, row).
        boxes: (N, 4) axis-aligned box of each polygon (col0, row0, col1, row1).
    """

    def __init__(self, described: list[_Described], centres: Floats, boxes: Floats) -> None:
        self.described = described
        self.centres = centres
        self.boxes = boxes

    def of_chip(self, row: int, col: int, size: int) -> list[dict[str, Any]]:
        """Objects whose centre lies in a chip, as `records.schemas.OBJECT` rows with boxes clipped to the chip."""
        centres = self.centres - (col, row)
        inside = ((centres >= 0) & (centres < size)).all(axis=1)
        boxes = np.clip(self.boxes - (col, row, col, row), 0, size)
        return [_row(self.described[i], boxes[i]) for i in np.flatnonzero(inside)]

    def on(self, grid: Grid) -> "SceneObjects":
        """The same objects in the pixels of a grid over the raster that they were read for."""
        step = np.array([grid.col_step, grid.row_step])
        return SceneObjects(self.described, self.centres / step, self.boxes / np.tile(step, 2))


def read_objects(path: Path, raster: Raster) -> SceneObjects:
    """Objects of a GeoJSON in the pixels of a raster.

    Its polygons are in EPSG:4326, or where it says `"fusar:coordinates": "pixel"` columns and rows of the raster.

    Raises:
        MissingAsset: there is no such file.
        BrokenObjects: no collection of polygons with known categories.
        UnusableCRS: the raster's CRS has no longitude and latitude.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingAsset(path) from error
    try:
        collection = _Collection.model_validate_json(content)
    except ValidationError as error:
        raise BrokenObjects(path, first_fault(error)) from error
    if collection.unit == "degree" and not raster.is_georeferenced:
        raise BrokenObjects(path, 'without "fusar:coordinates": "pixel", but nobody knows where the scene lies')
    features = collection.features
    rings = [np.array(feature.geometry.coordinates[0], np.float64) for feature in features]
    if not rings:
        return SceneObjects([], np.zeros((0, 2)), np.zeros((0, 4)))
    points = np.concatenate(rings)
    cols, rows = points[:, 0], points[:, 1]
    if collection.unit == "degree":
        try:
            cols, rows = lonlat_to_pixel(raster.crs, raster.affine, cols, rows)
        except ProjError as error:  # such as a local CRS, whose place on Earth nobody knows
            raise UnusableCRS(raster.path, raster.crs[:40]) from error
    ends = np.cumsum([len(ring) for ring in rings])[:-1]
    pairs = list(zip(np.split(cols, ends), np.split(rows, ends), strict=True))
    boxes = np.array([(col.min(), row.min(), col.max(), row.max()) for col, row in pairs])
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise BrokenObjects(path, "a polygon has no area")
    # A ring's last point repeats its first, and would weigh twice.
    centres = np.array([(col[:-1].mean(), row[:-1].mean()) for col, row in pairs])
    return SceneObjects([feature.properties for feature in features], centres, boxes)


def _row(described: _Described, box: Sequence[float]) -> dict[str, Any]:
    x0, y0, x1, y1 = (float(value) for value in box)
    return {
        "category": described.category,
        "length_m": described.length_m,
        "width_m": described.width_m,
        "x0": x0,
        "y0": y0,
        "x1": x1,
        "y1": y1,
    }
