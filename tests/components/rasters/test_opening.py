import contextlib
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from components.rasters import errors
from components.rasters.errors import (
    GridMismatch,
    InflatedRaster,
    MissingAsset,
    MissingCRS,
    NotAGeoTIFF,
    SceneError,
    TruncatedRaster,
    UnusableAffine,
)
from components.rasters.opening import check_same_grid, open_raster


def _read(path: Path) -> np.ndarray:
    with open_raster(path) as raster:
        return raster.read()


def test_a_good_tiff_gives_its_pixels_and_its_place(good_tiff: Path, decibels: np.ndarray) -> None:
    with open_raster(good_tiff) as raster:
        assert (raster.bands, raster.height, raster.width, raster.dtype) == (2, 96, 80, "float32")
        assert raster.crs == "EPSG:32631"
        assert raster.affine == Affine(10, 0, 500000, 0, -10, 4800000)
        np.testing.assert_array_equal(raster.read(), decibels)
        np.testing.assert_array_equal(raster.read(10, 20, 30, 40), decibels[:, 10:40, 20:60])


@pytest.mark.parametrize(
    ("flaw", "error", "code"),
    [
        ("tiff_without_crs", MissingCRS, "missing-crs"),
        ("tiff_without_affine", UnusableAffine, "unusable-affine"),
        ("truncated_tiff", TruncatedRaster, "truncated"),
        ("truncated_compressed_tiff", TruncatedRaster, "truncated"),
        ("png_named_tif", NotAGeoTIFF, "not-a-geotiff"),
        ("vrt_named_tif", NotAGeoTIFF, "not-a-geotiff"),
        ("bomb_tiff", InflatedRaster, "inflated"),
    ],
)
def test_each_flaw_has_its_own_error_that_names_the_file(
    flaw: str, error: type[SceneError], code: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(flaw)
    with pytest.raises(error) as caught:
        _read(path)
    assert caught.value.code == code
    assert str(caught.value).startswith(str(path))
    assert str(path.parent) not in caught.value.problem


def test_a_missing_file_and_a_pipe_are_missing_assets(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tif")
    for name in ("nowhere.tif", "pipe.tif"):
        with pytest.raises(MissingAsset):
            _read(tmp_path / name)


@pytest.mark.parametrize("affine", [Affine(0, 0, 1, 0, 0, 1), Affine(10, 10, 5, 10, 10, 5)])
def test_a_singular_affine_is_refused(tmp_path: Path, good_tiff: Path, affine: Affine) -> None:
    path = shutil.copy(good_tiff, tmp_path / "singular.tif")
    with rasterio.open(path, "r+") as sink:
        sink.transform = affine
    with pytest.raises(UnusableAffine):
        _read(Path(path))


def test_sidecars_beside_a_tiff_are_not_looked_at(good_tiff: Path, vrt_named_tif: Path, decibels: np.ndarray) -> None:
    for suffix in (".ovr", ".msk"):
        shutil.copy(vrt_named_tif, f"{good_tiff}{suffix}")
    moved = "<PAMDataset><SRS>EPSG:32601</SRS><GeoTransform>0, 1, 0, 0, 0, -1</GeoTransform></PAMDataset>"
    Path(f"{good_tiff}.aux.xml").write_text(moved)
    good_tiff.with_suffix(".tfw").write_text("1\n0\n0\n-1\n0\n0\n")
    with open_raster(good_tiff) as raster:
        assert (raster.crs, raster.affine.c) == ("EPSG:32631", 500000)
        assert raster.dataset.overviews(1) == []
        np.testing.assert_array_equal(raster.read(), decibels)


def test_a_raster_on_another_grid_is_a_mismatch_but_float_noise_is_not(good_tiff: Path, tmp_path: Path) -> None:
    noisy, shifted = tmp_path / "noisy.tif", tmp_path / "shifted.tif"
    for path, shift in ((noisy, 1e-6), (shifted, 5.0)):
        shutil.copy(good_tiff, path)
        with rasterio.open(path, "r+") as sink:
            sink.transform = Affine(10, 0, 500000 + shift, 0, -10, 4800000)
    with open_raster(good_tiff) as reference, open_raster(noisy) as near, open_raster(shifted) as far:
        check_same_grid(near, reference)
        with pytest.raises(GridMismatch, match="affine"):
            check_same_grid(far, reference)


def test_flipped_bytes_never_escape_as_a_library_error(good_tiff: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    whole = np.frombuffer(good_tiff.read_bytes(), np.uint8)
    path = tmp_path / "flipped.tif"
    for _ in range(150):
        damaged = whole.copy()
        # Header and tags stand in the first and last hundreds of bytes; pixels hold any value rightly.
        places = rng.integers(0, 600, 3)
        damaged[places] = rng.integers(0, 256, 3)
        path.write_bytes(damaged.tobytes())
        with contextlib.suppress(SceneError):
            _read(path)


def test_every_error_survives_pickling_with_its_sentence() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SceneError)]
    details = {
        "InflatedRaster": (9, 5),
        "WrongPolarization": (1, "VV, VH"),
        "WrongSampleType": ("uint8", "linear", "float32"),
        "WrongScale": ("linear", "80%"),
        "TooSmall": (9, 9, 64),
        "TooCoarse": ("40", "5"),
        "UnusableAffine": ((0, 0),),
        "UnusableCRS": ("EPSG:1",),
        "GridMismatch": ("size",),
        "SameScene": ("b",),
        "UnlikelyValues": ("decibel", "nowhere below 0"),
        "SwappedPolarizations": ("VH", "VV", "3.0"),
    }
    codes = set()
    for kind in kinds:
        if kind is SceneError:
            continue
        error = kind(Path("scenes/a.tif"), *details.get(kind.__name__, ()))
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error) and str(error).startswith("scenes/a.tif: ")
        codes.add(error.code)
    assert len(codes) == len(kinds) - 1
