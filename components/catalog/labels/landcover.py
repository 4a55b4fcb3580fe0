"""Land-cover rasters: WorldCover, Dynamic World, Esri, TerraMesh, or any other by a class map, on the scenes' grids.

A class without a counterpart here (shrubs, wetland, snow, clouds) becomes 0, unknown: nothing is guessed. A scene pixel
takes the commonest class of the raster's pixels in it where they are finer, else that of the pixel that it lies in.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj.exceptions import ProjError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from components.catalog.errors import BrokenLabels
from components.catalog.labels.classes import unknown_class
from components.catalog.labels.items import LabelledScene, find_scene, put, scene_names
from components.catalog.labels.labelling import Labels, Outcome
from components.catalog.labels.reading import files_below
from components.geography.footprints import ground_spacing_m
from components.geography.projection import lonlat_to_pixel, pixel_to_lonlat
from components.rasters.errors import SceneError, UnusableCRS
from components.rasters.opening import Raster, open_raster
from components.records.landcover import LAND_COVER, UNKNOWN

COVERS = tuple(LAND_COVER.values())
_CODES = {name: code for code, name in LAND_COVER.items()}
_WATER, _TREES, _CROPS, _GRASS, _BUILT, _BARE = COVERS
_NOTHING = ""
_OUTSIDE = 255  # no family uses it; beyond the raster's edge, and what it declares as nodata
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class CoverFormat:
    """One family of land-cover rasters.

    Attributes:
        name: as `fusar data label` takes it.
        title: one line for people, with the source of its codes.
        classes: its code to our class; empty where we have none.
    """

    name: str
    title: str
    classes: Mapping[int, str]


WORLDCOVER = CoverFormat(
    "worldcover",
    "ESA WorldCover 10 m, v100 and v200 (product user manual, table of classes)",
    {0: _NOTHING, 10: _TREES, 20: _NOTHING, 30: _GRASS, 40: _CROPS, 50: _BUILT, 60: _BARE, 70: _NOTHING, 80: _WATER,
     90: _NOTHING, 95: _TREES, 100: _NOTHING},
)  # fmt: skip
DYNAMIC_WORLD = CoverFormat(
    "dynamic-world",
    "Dynamic World's band label, 0 to 8 (Google Earth Engine catalogue, GOOGLE/DYNAMICWORLD/V1)",
    {0: _WATER, 1: _TREES, 2: _GRASS, 3: _NOTHING, 4: _CROPS, 5: _NOTHING, 6: _BUILT, 7: _BARE, 8: _NOTHING},
)
ESRI = CoverFormat(
    "esri",
    "Esri's Sentinel-2 land cover; rangeland counts as grassland",
    {0: _NOTHING, 1: _WATER, 2: _TREES, 4: _NOTHING, 5: _CROPS, 7: _BUILT, 8: _BARE, 9: _NOTHING, 10: _NOTHING,
     11: _GRASS},
)  # fmt: skip
TERRAMESH = CoverFormat(
    "terramesh",
    "TerraMesh's LULC, Esri's classes in codes of its own; rangeland counts as grassland",
    {0: _NOTHING, 1: _WATER, 2: _TREES, 3: _NOTHING, 4: _CROPS, 5: _BUILT, 6: _BARE, 7: _NOTHING, 8: _NOTHING,
     9: _GRASS},
)  # fmt: skip
OTHER = CoverFormat("land-cover", "any other land-cover raster, each of whose codes --class explains", {})
COVER_FORMATS = (WORLDCOVER, DYNAMIC_WORLD, ESRI, TERRAMESH, OTHER)


def label_cover(form: CoverFormat, labels: Labels) -> Iterator[Outcome]:
    """Label every scene that a raster of the path covers with its land cover, or say why not.

    Raises:
        NoSuchFile: the path holds no .tif.
    """
    for file in files_below(labels.path, (".tif", ".tiff"), labels.ending):
        try:
            with open_raster(file) as cover:
                table = _table(form, labels.classes, cover)
                for name in scene_names(labels.data):
                    if not labels.scenes or name in labels.scenes:
                        yield from _label(name, cover, table, labels)
        except SceneError as error:
            yield Outcome(file, "", "set aside", error=error)


def _table(form: CoverFormat, said: Mapping[str, str], cover: Raster) -> npt.NDArray[np.int16]:
    """Our code for each of the raster's codes (256,); -1 for one that nobody explained."""
    if cover.dtype != "uint8" or cover.bands != 1:
        raise BrokenLabels(cover.path, f"{cover.bands} bands of {cover.dtype}; land cover is one band of uint8")
    table = np.full(256, -1, np.int16)
    for code, name in (dict(form.classes) | {_code(text, cover.path): name for text, name in said.items()}).items():
        table[code] = _CODES.get(name, UNKNOWN)
    table[_OUTSIDE] = UNKNOWN
    return table


def _code(text: str, path: Path) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < _OUTSIDE):
        raise BrokenLabels(path, f"--class {text[:20]!r} is no code from 0 to {_OUTSIDE - 1}")
    return int(text)


def _label(name: str, cover: Raster, table: npt.NDArray[np.int16], labels: Labels) -> Iterator[Outcome]:
    """Nothing where the raster does not reach the scene."""
    try:
        scene = find_scene(labels.data, name, cover.path)
        if not scene.is_georeferenced:
            return
        labels.staging.mkdir(parents=True, exist_ok=True)
        made = labels.staging / f"{name}.tif"
        counts = _warp(scene, cover, table, made)
        if not counts:
            return
        is_new = put(scene, "land_cover", made)
    except SceneError as error:
        yield Outcome(cover.path, name, "set aside", error=error)
    else:
        yield Outcome(cover.path, name, "labelled" if is_new else "unchanged", counts)
    finally:
        shutil.rmtree(labels.staging, ignore_errors=True)


def _warp(scene: LabelledScene, cover: Raster, table: npt.NDArray[np.int16], made: Path) -> dict[str, int]:
    """Write the cover on the scene's grid; pixels of each class, empty where the raster does not reach it."""
    counts = np.zeros(256, np.int64)
    with scene.raster() as raster:
        if not _reaches(cover, raster):
            return {}
        grid = {"crs": raster.crs, "transform": raster.affine, "height": raster.height, "width": raster.width}
        profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "compress": "deflate", "tiled": True, **grid}
        nodata = {"src_nodata": _OUTSIDE if cover.nodata is None else cover.nodata, "nodata": _OUTSIDE}
        how = Resampling.mode if _spacing_m(cover) < _spacing_m(raster) else Resampling.nearest
        try:
            with (
                WarpedVRT(cover.dataset, resampling=how, **grid, **nodata) as warped,
                rasterio.open(made, "w", **profile) as sink,
            ):
                for row in range(0, raster.height, _ROWS_AT_ONCE):
                    window = Window(0, row, raster.width, min(_ROWS_AT_ONCE, raster.height - row))
                    codes = warped.read(1, window=window)
                    counts += np.bincount(codes.ravel(), minlength=256)
                    sink.write(table[codes].astype(np.uint8), 1, window=window)
        except RasterioError as error:
            raise BrokenLabels(cover.path, f"cannot be warped onto scene {scene.scene_id}") from error
    if unknown := np.flatnonzero((table < 0) & (counts > 0)).tolist():
        raise unknown_class(cover.path, [str(code) for code in unknown], COVERS)
    if not counts.sum() - counts[_OUTSIDE]:
        return {}
    return {name: int(counts[table == code].sum()) for code, name in LAND_COVER.items() if counts[table == code].any()}


def _reaches(cover: Raster, raster: Raster) -> bool:
    """Whether the bounding boxes of both overlap on the cover's grid."""
    cols = np.array([0, raster.width, raster.width, 0]), np.array([0, 0, raster.height, raster.height])
    try:
        col, row = lonlat_to_pixel(cover.crs, cover.affine, *pixel_to_lonlat(raster.crs, raster.affine, *cols))
    except ProjError as error:
        raise UnusableCRS(cover.path, cover.crs[:40]) from error
    if not (np.isfinite(col).all() and np.isfinite(row).all()):
        return False
    return bool(col.max() > 0 and row.max() > 0 and col.min() < cover.width and row.min() < cover.height)


def _spacing_m(raster: Raster) -> float:
    return float(ground_spacing_m(raster.crs, raster.affine, [raster.height / 2], [raster.width / 2])[0])
