"""The chip of a request: in the request itself, or named in the served folder."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image

from components.inference.chips import encode_chip, read_chip
from components.inference.errors import BadRequest
from components.records.backscatter import encode_decibels

CODES = np.arange(2 * 6 * 8, dtype=np.uint8).reshape(2, 6, 8)
THREE_METRES = Affine(3, 0, 565_000, 0, -3, 5_930_000)


def base64_of(image: Image.Image, kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    image.save(buffer, format=kind)
    return base64.b64encode(buffer.getvalue()).decode()


def write_geotiff(path: Path, bands: np.ndarray, affine: Affine = THREE_METRES, crs: str = "EPSG:32632") -> None:
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype.name}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=affine, nodata=np.nan, **shape) as file:
        file.write(bands)


@pytest.mark.parametrize(("codes", "names"), [(CODES, "VV, VH"), (CODES[:1], "HH")])
def test_codes_survive_the_way_into_a_request_and_out_of_it(codes: np.ndarray, names: str) -> None:
    chip = read_chip({"image": encode_chip(codes), "polarizations": names}, None)
    np.testing.assert_array_equal(chip.codes, codes)
    assert len(chip.polarizations) == len(codes)
    assert chip.polarizations[0] == names[:2]
    assert chip.spacing_m is None


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"polarizations": "VV"}, "'image': give exactly one"),
        ({"image": float("nan"), "polarizations": "VV"}, "'image': give exactly one"),
        ({"image": "a", "path": "a.png", "polarizations": "VV"}, "'image': give exactly one"),
        ({"image": "no base64!", "polarizations": "VV"}, "'image': is not base64"),
        ({"image": base64.b64encode(b"GIF89a").decode(), "polarizations": "VV"}, "'image': is no PNG"),
        ({"image": base64_of(Image.new("L", (8, 8)), "JPEG"), "polarizations": "VV"}, "'image': is no PNG"),
        ({"image": base64_of(Image.new("RGB", (8, 8))), "polarizations": "VV"}, "send L .one polarization. or LA"),
        ({"image": base64_of(Image.new("L", (1025, 1))), "polarizations": "VV"}, "sides up to 1024"),
        ({"image": base64_of(Image.new("L", (8, 8))), "polarizations": "VV"}, "'image': holds no valid pixel"),
        ({"image": encode_chip(CODES), "polarizations": "VV"}, "names 1 planes, but the chip has 2"),
        ({"image": encode_chip(CODES), "polarizations": "VV,VV"}, "'polarizations': is 'VV,VV'"),
        ({"image": encode_chip(CODES), "polarizations": "VV,RH"}, "'polarizations': is 'VV,RH'"),
        ({"image": encode_chip(CODES), "polarizations": "VV,VH", "scale": "decibel"}, "'scale': belongs to a GeoTIFF"),
    ],
)
def test_a_bad_chip_is_refused_by_the_name_of_its_column(row: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        read_chip(row, None)


def test_a_geotiff_gives_calibrated_codes_and_the_spacing_of_its_grid(tmp_path: Path) -> None:
    linear = np.full((2, 64, 64), 0.1, np.float32)
    linear[1] = 0.01
    linear[0, 0, 0] = np.nan
    write_geotiff(tmp_path / "chip.tif", linear)
    chip = read_chip({"path": "chip.tif", "polarizations": "VV,VH", "scale": "linear"}, tmp_path)
    assert chip.codes[0, 0, 0] == 0
    assert chip.codes[:, 1, 1].tolist() == encode_decibels(np.array([-10.0, -20.0])).tolist()
    assert chip.spacing_m == pytest.approx(3.0, rel=1e-3)


def test_a_png_of_the_served_folder_is_the_same_chip_as_in_the_request(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/chip.PNG").write_bytes(base64.b64decode(encode_chip(CODES)))
    chip = read_chip({"path": "deep/chip.PNG", "polarizations": "VV,VH"}, tmp_path)
    np.testing.assert_array_equal(chip.codes, CODES)


@pytest.mark.parametrize(
    ("name", "row", "named"),
    [
        ("fine.tif", {}, "'scale': must say"),
        ("fine.tif", {"scale": "logarithmic"}, "'scale': must say"),
        ("fine.tif", {"scale": "amplitude"}, "'path': cannot be used: samples are float32"),
        ("fine.tif", {"scale": "decibel", "polarizations": "VV,VH"}, "'polarizations': names 2 bands, but .* has 1"),
        ("stretched.tif", {"scale": "decibel"}, "100% of its values are impossible"),
        ("large.tif", {"scale": "decibel"}, "has 1040 x 1040 pixels"),
        ("empty.tif", {"scale": "decibel"}, "'path': holds no valid pixel"),
        ("nowhere.tif", {"scale": "decibel"}, "no longitude and latitude"),
        ("vrt.tif", {"scale": "decibel"}, "not a GeoTIFF inside"),
        ("chip.gif", {}, "ends with '.gif'"),
        ("fake.png", {}, "'path': is no PNG"),
    ],
)
def test_a_bad_file_is_refused_without_a_word_about_where_it_lies(
    tmp_path: Path, name: str, row: dict[str, str], named: str
) -> None:
    write_geotiff(tmp_path / "fine.tif", np.full((1, 64, 64), -12, np.float32))
    write_geotiff(tmp_path / "stretched.tif", np.full((1, 64, 64), 200, np.float32))
    write_geotiff(tmp_path / "large.tif", np.full((1, 1040, 1040), -12, np.float32))
    write_geotiff(tmp_path / "empty.tif", np.full((1, 64, 64), np.nan, np.float32))
    write_geotiff(tmp_path / "nowhere.tif", np.full((1, 64, 64), -12, np.float32), Affine(1e9, 0, 0, 0, 1e9, 0))
    for file in ("vrt.tif", "chip.gif", "fake.png"):
        (tmp_path / file).write_text("<VRTDataset></VRTDataset>")
    with pytest.raises(BadRequest, match=named) as caught:
        read_chip({"path": name, "polarizations": "VV", **row}, tmp_path)
    assert str(tmp_path) not in str(caught.value)
