"""Small rasters, each named after what is wrong with it."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

UTM = Affine(10.0, 0.0, 500000.0, 0.0, -10.0, 4800000.0)


def write(path: Path, pixels: np.ndarray, **profile: object) -> Path:
    settings = {"driver": "GTiff", "crs": "EPSG:32631", "transform": UTM, **profile}
    bands, height, width = pixels.shape
    with rasterio.open(path, "w", count=bands, height=height, width=width, dtype=pixels.dtype, **settings) as sink:
        sink.write(pixels)
    return path


@pytest.fixture
def decibels() -> np.ndarray:
    return np.linspace(-25, 5, 2 * 96 * 80, dtype=np.float32).reshape(2, 96, 80)


@pytest.fixture
def good_tiff(tmp_path: Path, decibels: np.ndarray) -> Path:
    return write(tmp_path / "good.tif", decibels)


@pytest.fixture
def tiff_without_crs(tmp_path: Path, decibels: np.ndarray) -> Path:
    return write(tmp_path / "without_crs.tif", decibels, crs=None)


@pytest.fixture
def tiff_without_affine(tmp_path: Path, decibels: np.ndarray) -> Path:
    return write(tmp_path / "without_affine.tif", decibels, transform=None)


@pytest.fixture
def truncated_tiff(tmp_path: Path, good_tiff: Path) -> Path:
    path = tmp_path / "truncated.tif"
    path.write_bytes(good_tiff.read_bytes()[:-20000])
    return path


@pytest.fixture
def truncated_compressed_tiff(tmp_path: Path) -> Path:
    noise = np.random.default_rng(1).normal(-12, 3, (1, 256, 256)).astype(np.float32)
    whole = write(tmp_path / "whole.tif", noise, compress="deflate")
    path = tmp_path / "truncated_compressed.tif"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return path


@pytest.fixture
def png_named_tif(tmp_path: Path) -> Path:
    path = tmp_path / "png.tif"
    with rasterio.open(path, "w", driver="PNG", count=1, height=64, width=64, dtype="uint8") as sink:
        sink.write(np.ones((1, 64, 64), np.uint8))
    return path


@pytest.fixture
def vrt_named_tif(tmp_path: Path, good_tiff: Path) -> Path:
    path = tmp_path / "vrt.tif"
    path.write_text(
        '<VRTDataset rasterXSize="80" rasterYSize="96"><SRS>EPSG:32631</SRS>'
        "<GeoTransform>500000, 10, 0, 4800000, 0, -10</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f"<SourceFilename>{good_tiff}</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return path


@pytest.fixture
def bomb_tiff(tmp_path: Path) -> Path:
    path = tmp_path / "bomb.tif"
    side = 20_000  # 400 MB of zeros that no block ever writes
    profile = {"driver": "GTiff", "crs": "EPSG:32631", "transform": UTM, "compress": "deflate", "SPARSE_OK": True}
    with rasterio.open(path, "w", count=1, height=side, width=side, dtype="uint8", **profile):
        pass
    return path
