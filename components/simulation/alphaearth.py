"""AlphaEarth-like embeddings: informative on land cover, slowly varying over the globe, missing over open sea."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from components.simulation.covers import WATER
from components.simulation.fields import FloatArray
from components.simulation.grid import Grid
from components.simulation.ground import CLASSES

BANDS = 64
NODATA = -128
FIRST_YEAR = 2017
PROTOTYPE_SEED = 64  # the embedding space is one and the same for every catalogue and seed
REGION_WEIGHT = 0.3
LOCAL_WEIGHT = 0.2
NOISE = 0.05  # standard deviation of each component, before renormalising
COAST_REACH_M = 300.0
SAMPLES = 3  # positions a side at which a 10 m pixel looks at the finer scene


def prototypes() -> FloatArray:
    """One unit vector per cover, (7, 64), indexed by records.landcover code."""
    vectors = np.random.default_rng(PROTOTYPE_SEED).standard_normal((CLASSES, BANDS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def draw_alphaearth(
    rng: np.random.Generator, labels: npt.NDArray[np.uint8], scene: Grid, tile: Grid
) -> npt.NDArray[np.int8] | None:
    """Quantised embeddings of a tile, (64, H, W) int8; None where no pixel is valid.

    Args:
        rng: source of randomness.
        labels: the scene's land cover.
        scene: its grid.
        tile: the embedding's own grid, which covers the scene.
    """
    shares, is_near_land = _cover_shares(labels, scene, tile)
    if not is_near_land.any():
        return None
    lon, lat = tile.lonlat(np.array([tile.width / 2]), np.array([tile.height / 2]))
    waves = np.random.default_rng(PROTOTYPE_SEED + 1).standard_normal((4, BANDS)) / np.sqrt(BANDS)
    region = np.array([np.sin(np.radians(lon[0] * 2)), np.cos(np.radians(lon[0] * 2)), lat[0] / 45, 0.0]) @ waves
    local = np.linspace(-1, 1, tile.width)[None, :, None] * rng.standard_normal(BANDS) / np.sqrt(BANDS)
    vectors = shares @ prototypes() + REGION_WEIGHT * region + LOCAL_WEIGHT * local
    vectors += NOISE * rng.standard_normal(vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    codes = quantise(vectors)
    codes[~is_near_land] = NODATA
    return np.ascontiguousarray(codes.transpose(2, 0, 1))


def quantise(vectors: FloatArray) -> npt.NDArray[np.int8]:
    """Codes -127..127 of components [-1, 1]; the inverse of v = sign(q) (|q| / 127.5)^2. Shape is kept."""
    codes: npt.NDArray[np.int8] = (
        np.sign(vectors) * np.clip(np.rint(np.sqrt(np.abs(vectors)) * 127.5), 0, 127)
    ).astype(np.int8)
    return codes


def _cover_shares(labels: npt.NDArray[np.uint8], scene: Grid, tile: Grid) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Shares of the covers in each pixel of the tile (H, W, 7), and whether land lies near it (H, W)."""
    sub = (np.arange(SAMPLES) + 0.5) / SAMPLES
    cols = (np.arange(tile.width)[:, None] + sub).ravel()
    rows = (np.arange(tile.height)[:, None] + sub).ravel()
    x, y = tile.affine.c + cols * tile.affine.a, tile.affine.f + rows * tile.affine.e
    scene_cols = np.clip(np.floor((x - scene.affine.c) / scene.affine.a), 0, scene.width - 1).astype(np.intp)
    scene_rows = np.clip(np.floor((y - scene.affine.f) / scene.affine.e), 0, scene.height - 1).astype(np.intp)
    sampled = labels[np.ix_(scene_rows, scene_cols)].reshape(tile.height, SAMPLES, tile.width, SAMPLES)
    shares = np.stack([(sampled == code).mean(axis=(1, 3)) for code in range(CLASSES)], axis=2)
    land = labels != WATER
    if not land.any():
        return shares, np.zeros((tile.height, tile.width), dtype=bool)
    far_m = ndimage.distance_transform_edt(~land) * scene.affine.a
    near = (far_m <= COAST_REACH_M)[np.ix_(scene_rows[SAMPLES // 2 :: SAMPLES], scene_cols[SAMPLES // 2 :: SAMPLES])]
    return shares, near
