import os
from pathlib import Path

import numpy as np
import pytest
import rasterio

from components.geography.alphaearth import cell_means, cell_samples, dequantise

REAL = os.environ.get("FUSAR_REAL_DATA")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL, reason="FUSAR_REAL_DATA names no folder of real data"),
]


def test_a_published_tile_has_unit_vectors_after_dequantising() -> None:
    with rasterio.open(Path(str(REAL)) / "alphaearth/aef_wisconsin_2024_64band_int8.tif") as tile:
        quantised, affine, crs = tile.read(), tile.transform, str(tile.crs)
    values = dequantise(quantised)
    missing = np.isnan(values).any(axis=0)
    length = np.linalg.norm(values[:, ~missing], axis=0)
    assert missing.sum() == 238 and length.min() > 0.99 and length.max() < 1.01
    cols, rows = cell_samples([affine], 64, 4, (crs, crs), affine)
    vectors, valid = cell_means(quantised, cols, rows, 0.5)
    blocks = np.nanmean(values[:, :64, :64].reshape(64, 4, 16, 4, 16), axis=(2, 4)).transpose(1, 2, 0)
    cosine = (vectors[0] * blocks).sum(-1) / np.linalg.norm(blocks, axis=-1)
    assert valid.all() and cosine.min() > 0.99999
