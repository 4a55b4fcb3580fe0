import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.transform
import rasterio.warp
import shapely
from affine import Affine
from rasterio.windows import Window

from components.records.backscatter import STEP_DB, decode_decibels
from components.records.schemas import CHIPS
from components.records.tables import read_table

REAL = Path(os.environ.get("FUSAR_REAL_DATA", "unset"))
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL.is_dir(), reason="FUSAR_REAL_DATA names no folder of real data"),
]
TERRAMESH = ("282D_485L_3_3", "433D_629L_3_1", "637U_59R_1_3")
PYROSAR = "pyrosar/S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db.tif"
UMBRA = "umbra/umbra_mount_yasur.tiff"


def _cut(catalogue, source: str, scene_id: str, window: Window, nodata_corner: bool = False) -> np.ndarray:
    """Write a window of a real file as a scene of the catalogue; returns its pixels."""
    with rasterio.open(REAL / source) as file:
        pixels = file.read(window=window)
        if nodata_corner:
            pixels[:, :8, :8] = file.nodata
        affine = file.transform @ Affine.translation(window.col_off, window.row_off)
        catalogue.raster(f"scenes/{scene_id}.tif", pixels, crs=file.crs, transform=affine, nodata=file.nodata)
    return pixels


def _chips(catalogue, config) -> list[dict]:
    catalogue.ingest(config)
    return read_table(catalogue.outputs / "chips", CHIPS).to_pylist()


def _codes(chip: dict) -> np.ndarray:
    return np.frombuffer(chip["backscatter"], np.uint8).reshape(-1, chip["height"], chip["width"])


def _assert_where_rasterio_says(chip: dict, scene_file: Path) -> None:
    """Corners by the chip's affine and by its footprint lie within 0.1 px of rasterio's."""
    size = chip["height"]
    with rasterio.open(scene_file) as file:
        rows = [chip["row"] + step for step in (0, 0, size, size)]
        cols = [chip["col"] + step for step in (0, size, size, 0)]
        expected = np.array(rasterio.transform.xy(file.transform, rows, cols, offset="ul")).T
        inverse, crs = ~file.transform, file.crs
    affine = Affine(*chip["affine"])
    assert rasterio.crs.CRS.from_string(chip["crs"]) == crs
    own = np.array([affine @ corner for corner in ((0, 0), (size, 0), (size, size), (0, size))])
    ring = np.array(shapely.from_wkb(chip["footprint"]).exterior.coords)[:-1]
    ground = np.array(rasterio.warp.transform("EPSG:4326", crs, ring[:, 0], ring[:, 1])[:2]).T

    def pixels(points: np.ndarray) -> np.ndarray:
        return np.array([inverse @ tuple(point) for point in points])

    assert np.abs(pixels(own) - pixels(expected)).max() < 0.1
    distance = np.abs(pixels(ground)[:, None] - pixels(expected)[None]).max(axis=2)
    assert distance.min(axis=1).max() < 0.1 and len(set(distance.argmin(axis=1))) == 4


@pytest.mark.parametrize("key", TERRAMESH)
def test_sentinel_1_rtc_keeps_its_decibels_and_its_place(catalogue, config, key: str) -> None:
    pixels = _cut(catalogue, f"terramesh/S1RTC/{key}.tif", key, Window(3, 5, 200, 190))
    catalogue.item(key, fusar__simulated=False)
    chips = _chips(catalogue, config)
    assert len(chips) == 12
    for chip in chips:
        row, col = chip["row"], chip["col"]
        difference = decode_decibels(_codes(chip)) - pixels[:, row : row + 64, col : col + 64]
        # Bright points beyond the scale's end (23.5 dB) are clipped to it.
        assert np.nanmax(np.abs(difference)[:, pixels[0, row : row + 64, col : col + 64] < 23.5]) <= STEP_DB / 2 + 1e-4
        assert (chip["quantity"], chip["polarizations"]) == ("gamma0", ["VV", "VH"])
        assert chip["spacing_m"] == pytest.approx(10, rel=2e-3)
        _assert_where_rasterio_says(chip, catalogue.data / f"scenes/{key}.tif")
    vv, vh = np.mean([decode_decibels(_codes(chip)).mean(axis=(1, 2)) for chip in chips], axis=0)
    assert 5 < vv - vh < 7.5


def test_gamma_nought_in_decibels_is_not_taken_the_logarithm_of_twice_and_minus_99_is_nodata(catalogue, config) -> None:
    pixels = _cut(catalogue, PYROSAR, "pyrosar", Window(20, 30, 128, 130), nodata_corner=True)
    assert (pixels[0, :8, :8] == -99).all()
    catalogue.item("pyrosar", sar__polarizations=["VV"], fusar__simulated=False)
    chips = _chips(catalogue, config)
    assert len(chips) == 6
    for chip in chips:
        row, col = chip["row"], chip["col"]
        expected = np.where(pixels == -99, np.nan, pixels)[:, row : row + 64, col : col + 64]
        difference = np.abs(decode_decibels(_codes(chip)) - expected)
        assert np.nanmax(difference) <= STEP_DB / 2 + 1e-4
        np.testing.assert_array_equal(_codes(chip) == 0, np.isnan(expected))
        assert chip["spacing_m"] == pytest.approx(20, rel=2e-3)
        _assert_where_rasterio_says(chip, catalogue.data / "scenes/pyrosar.tif")
    assert (_codes(chips[0])[0, :8, :8] == 0).all() and chips[0]["valid_share"] == pytest.approx(1 - 64 / 4096)


def test_the_rotated_umbra_scene_is_amplitude_at_its_true_place(catalogue, config) -> None:
    pixels = _cut(catalogue, UMBRA, "umbra", Window(1200, 650, 192, 150))
    catalogue.item(
        "umbra",
        platform="umbra-04",
        sar__polarizations=["VV"],  # not in the file: who adds the scene must say it
        sar__frequency_band="X",
        fusar__quantity="amplitude",
        fusar__scale="amplitude",
        fusar__simulated=False,
    )
    chips = _chips(catalogue, config)
    assert len(chips) == 9
    for chip in chips:
        row, col = chip["row"], chip["col"]
        expected = pixels[:, row : row + 64, col : col + 64]
        np.testing.assert_array_equal(_codes(chip), np.maximum(expected, 1))
        assert (chip["quantity"], chip["frequency_band"], chip["valid_share"]) == ("amplitude", "X", 1.0)
        assert chip["spacing_m"] == pytest.approx(0.594, abs=0.001)
        assert not Affine(*chip["affine"]).is_rectilinear
        _assert_where_rasterio_says(chip, catalogue.data / "scenes/umbra.tif")
    crater = shapely.Point(169.450, -19.529)
    near = min(shapely.distance(shapely.from_wkb(chip["footprint"]), crater) for chip in chips)
    assert near < 0.003  # raised ground is shifted towards the sensor by some hundred metres


def test_a_display_stretch_in_a_cut_of_a_large_mosaic_is_refused_as_decibels(catalogue, config) -> None:
    _cut(catalogue, "sentinel1_los_angeles/los_angeles_s1_vh_mosaic.tif", "stretch", Window(0, 0, 128, 128))
    catalogue.item("stretch", sar__polarizations=["VH"])
    catalogue.good()
    assert catalogue.ingest(config)["scenes_set_aside"] == 1
