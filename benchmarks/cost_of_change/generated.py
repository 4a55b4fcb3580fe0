"""Tiny scenes, generated from their number: nothing of them was acquired, and their items say so.

One scene is two chips of 64 x 64 pixels with land cover and, where there is water, ships: enough for every data stage
to do what it does with a real scene, small enough for ten thousand of them.
"""

import datetime as dt
import functools
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj import Transformer

from components.records.landcover import LAND_COVER
from components.simulation.files import write_json, write_raster
from components.simulation.grid import Grid

HEIGHT_PX, WIDTH_PX = 64, 128
CHIPS = 2
SPACING_M = 10.0
POLARIZATIONS = ("VV", "VH")
_EPSG = 32632
_APART_M = 5_000.0  # some twenty scenes share a place of a quarter of a degree, as dates and neighbours do
_PER_ROW = 100
_WEST_M, _SOUTH_M = 250_000.0, 5_000_000.0
_WATER = next(code for code, name in LAND_COVER.items() if name == "water")
_LAND = next(code for code, name in LAND_COVER.items() if name != "water")
_WATER_DB, _LAND_DB = -20.0, -9.0
_FIRST = dt.datetime(2024, 1, 1, 6, tzinfo=dt.UTC)


def scene_id(number: int) -> str:
    """Name of a scene; names sort as their numbers do."""
    return f"simulated-{number:06d}"


def write_scene(data: Path, number: int, seed: int = 0) -> list[Path]:
    """Write one scene below `data` and return its files: item, backscatter, land cover, objects.

    Args:
        data: folder in the layout of data/.
        number: which scene; the same number and seed give the same bytes.
        seed: another seed gives other pixels.
    """
    rng = np.random.default_rng([seed, number])
    name, grid = scene_id(number), _grid(number)
    shore = int(rng.integers(0, WIDTH_PX + 1))
    is_water = np.broadcast_to(np.arange(WIDTH_PX) < shore, (HEIGHT_PX, WIDTH_PX))
    ships = _ships(rng, shore)
    power = 10 ** (np.where(is_water, _WATER_DB, _LAND_DB) / 10) * rng.gamma(4.4, 1 / 4.4, (2, HEIGHT_PX, WIDTH_PX))
    for col, row in ships:
        power[:, row : row + 3, col : col + 9] = 10.0
    paths = [
        data / "items" / f"{name}.json",
        data / "scenes" / f"{name}.tif",
        data / "land_cover" / f"{name}.tif",
        data / "objects" / f"{name}.geojson",
    ]
    cover = np.where(is_water, _WATER, _LAND).astype(np.uint8)[None]
    _write_like(paths[1], power.astype(np.float32), grid, None, POLARIZATIONS)
    _write_like(paths[2], cover, grid, 0, ("land_cover",))
    write_json(paths[3], {"type": "FeatureCollection", "features": [_ship(grid, *ship) for ship in ships]})
    write_json(paths[0], _item(name, grid, _FIRST + dt.timedelta(hours=number)))
    return paths


def _write_like(path: Path, bands: npt.NDArray[Any], grid: Grid, nodata: float | None, names: tuple[str, ...]) -> None:
    """The bytes that `write_raster` gives, but GDAL is asked once and not for each scene: all scenes have one shape."""
    dtype, count = bands.dtype.name, bands.shape[0]
    head, tail = _around_pixels(dtype, count, nodata, names)
    origin, here = (struct.pack("<2d", one.affine.c, one.affine.f) for one in (_grid(0), grid))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head.replace(origin, here) + bands.tobytes() + tail.replace(origin, here))


@functools.cache
def _around_pixels(dtype: str, count: int, nodata: float | None, names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """What stands before and behind the pixels in scene 0's file."""
    # Values that stand nowhere else in the file.
    pixels = np.full((count, HEIGHT_PX, WIDTH_PX), 91, dtype)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        write_raster(path, pixels, _grid(0), nodata, names)
        head, _, tail = path.read_bytes().partition(pixels.tobytes())
    return head, tail


def _grid(number: int) -> Grid:
    row, col = divmod(number, _PER_ROW)
    affine = Affine(SPACING_M, 0, _WEST_M + col * _APART_M, 0, -SPACING_M, _SOUTH_M + row * _APART_M)
    return Grid(_EPSG, affine, HEIGHT_PX, WIDTH_PX)


def _ships(rng: np.random.Generator, shore: int) -> list[tuple[int, int]]:
    """Upper left corners of ships (col, row) where there is room for them."""
    if shore < 16:
        return []
    corners = rng.integers(1, (shore - 10, HEIGHT_PX - 5), (int(rng.integers(0, 4)), 2))
    return [(int(col), int(row)) for col, row in corners]


def _ship(grid: Grid, col: int, row: int) -> dict[str, Any]:
    ring = [_lonlat(grid, x, y) for x, y in ((col, row), (col + 9, row), (col + 9, row + 3), (col, row + 3))]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "properties": {"category": "ship", "length_m": 90.0, "width_m": 30.0, "simulated": True},
    }


_TO_LONLAT = Transformer.from_crs(f"EPSG:{_EPSG}", "EPSG:4326", always_xy=True)


def _lonlat(grid: Grid, col: float, row: float) -> list[float]:
    x, y = grid.affine @ (col, row)
    return [round(float(value), 8) for value in _TO_LONLAT.transform(x, y)]


def _item(name: str, grid: Grid, time: dt.datetime) -> dict[str, Any]:
    ring = [_lonlat(grid, *corner) for corner in ((0, 0), (WIDTH_PX, 0), (WIDTH_PX, HEIGHT_PX), (0, HEIGHT_PX))]
    lon, lat = zip(*ring, strict=True)
    files = {
        "backscatter": f"../scenes/{name}.tif",
        "land_cover": f"../land_cover/{name}.tif",
        "objects": f"../objects/{name}.geojson",
    }
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": name,
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "bbox": [min(lon), min(lat), max(lon), max(lat)],
        "links": [],
        "properties": {
            "datetime": time.isoformat().replace("+00:00", "Z"),
            "description": "simulated for a benchmark; not a real acquisition",
            "platform": "fusar-sim-c",
            "sar:polarizations": list(POLARIZATIONS),
            "sar:frequency_band": "C",
            "sar:looks_equivalent_number": 4.4,
            "view:incidence_angle": 38.0,
            "fusar:quantity": "sigma0",
            "fusar:scale": "linear",
            "fusar:simulated": True,
        },
        "assets": {key: {"href": href} for key, href in files.items()},
    }
