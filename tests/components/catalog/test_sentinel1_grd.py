"""Sentinel-1 GRD: values by hand from the tables, places by hand from the grid, and every flaw by its name."""

import shutil
import stat
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer

from components.catalog.products import sentinel1_grd, sentinel1_grd_gamma0
from components.catalog.products.geocoding import ControlPoints, plan
from components.catalog.sentinel1.power import borders
from components.catalog.sentinel1.tables import read_calibration, read_noise
from components.catalog.terms import COPERNICUS
from components.rasters.errors import SceneError
from tests.components.catalog import safe
from tests.components.catalog.conftest import House
from tests.components.catalog.safe import LINES, NAME, Safe, place

VV, VH = Safe.stem("VV", 1), Safe.stem("VH", 2)
ANNOTATION, CALIBRATION, NOISE = (
    f"annotation/{VV}.xml", f"annotation/calibration/calibration-{VV}.xml", f"annotation/calibration/noise-{VV}.xml",
)  # fmt: skip
BOMB = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><product>&b;</product>'
FETCH = '<?xml version="1.0"?><!DOCTYPE p SYSTEM "http://127.0.0.1:1/x.dtd"><product/>'


def convert(product: Path, target: Path, family=sentinel1_grd) -> tuple[dict, np.ndarray, Affine, str]:
    (write,) = family.PRODUCT.scenes(product).values()
    facts = write(target)
    with rasterio.open(target) as raster:
        return dict(facts), raster.read(), raster.transform, raster.crs.to_string()


def refused(product: Path, target: Path) -> SceneError:
    with pytest.raises(SceneError) as caught:
        convert(product, target)
    return caught.value


def at(pixels: np.ndarray, affine: Affine, crs: str, line: float, pixel: float) -> np.ndarray:
    """The value on the map where the middle of a pixel of the image lies, bilinear."""
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*place(line, pixel))
    col, row = ~affine @ (x, y)
    c, r = int(col - 0.5), int(row - 0.5)
    dc, dr = col - 0.5 - c, row - 0.5 - r
    window = pixels[:, r : r + 2, c : c + 2]
    return np.einsum("brc,r,c->b", window, [1 - dr, dr], [1 - dc, dc])


def test_tables_are_bilinear_between_their_entries_and_noise_is_range_times_azimuth(tmp_path: Path) -> None:
    values = {(0, 0): 10, (0, 100): 20, (100, 0): 30, (100, 100): 50}
    file = tmp_path / "calibration.xml"
    file.write_text(safe.calibration(lambda *at: values[at], lambda *at: 7, lines=(0, 100), pixels=(0, 100)))
    table = read_calibration(file, "sigma0", 121)
    # (50, 50): the mean of 15 and 40. (25, 100): 20 + 30 / 4. Beyond the last entry it stays.
    assert table.at(np.array([50]))[0, 50] == pytest.approx(27.5)
    assert table.at(np.array([25]))[0, 100] == pytest.approx(27.5)
    assert table.at(np.array([130]))[0, 120] == pytest.approx(50)
    assert read_calibration(file, "gamma0", 121).at(np.array([3]))[0, 9] == pytest.approx(7)
    parts = [(0, 59, 0, 49, (0, 40), (1.0, 3.0)), (0, 59, 50, 99, (0,), (0.5,))]
    file.write_text(safe.noise(lambda line, pixel: 100 + pixel, parts, lines=(0, 100), pixels=(0, 100)))
    noise = read_noise(file, 101).at(np.arange(20, 64))
    # Row 20: 100 + 10, times 1 + 2 * 20 / 40; row 50 is beyond the last entry: times 3. Row 60 is in no part.
    assert noise[0, 10] == pytest.approx(110 * 2)
    assert noise[30, 10] == pytest.approx(110 * 3)
    assert noise[30, 60] == pytest.approx(160 * 0.5)
    assert noise[40, 10] == pytest.approx(110) and noise[0, 100] == pytest.approx(200)


def test_sigma_nought_gamma_nought_and_what_the_annotation_says(tmp_path: Path) -> None:
    product = Safe().write(tmp_path)
    facts, pixels, affine, crs = convert(product, tmp_path / "o/sigma.tif")
    for line, pixel in ((53, 40), (80, 100), (20, 150)):
        # DN 200 and 100, noise 900, A = 400 + line + pixel.
        by_hand = np.array([200**2 - 900, 100**2 - 900]) / (400 + line + pixel) ** 2
        assert at(pixels, affine, crs, line, pixel) == pytest.approx(by_hand, rel=2e-4)
    assert crs == "EPSG:32632" and affine.a == -affine.e == 10
    assert facts.pop("fusar:geocoding_residual_m") == pytest.approx(1.6, abs=1)
    assert "24 points of its geolocation grid" in facts.pop("processing:lineage")
    assert facts == {
        **COPERNICUS, "datetime": "2021-04-01T05:26:23.794457Z", "start_datetime": "2021-04-01T05:26:23.794457Z",
        "end_datetime": "2021-04-01T05:26:48.793373Z", "platform": "sentinel-1a", "constellation": "sentinel-1",
        "instruments": ["c-sar"], "sar:instrument_mode": "IW", "sar:frequency_band": "C", "sar:center_frequency": 5.405,
        "sar:product_type": "GRD", "sar:observation_direction": "right", "sar:pixel_spacing_range": 10.0,
        "sar:pixel_spacing_azimuth": 10.0, "sar:looks_range": 5, "sar:looks_azimuth": 1,
        "sar:polarizations": ["VV", "VH"], "sat:orbit_state": "descending", "sat:absolute_orbit": 37256,
        "sat:relative_orbit": 8, "view:incidence_angle": 39.054, "processing:level": "L1",
        "fusar:simulated": False, "fusar:quantity": "sigma0",
        "fusar:scale": "linear", "fusar:noise_removed": True,
    }  # fmt: skip
    facts, gamma, *_ = convert(product, tmp_path / "o/gamma.tif", sentinel1_grd_gamma0)
    assert facts["fusar:quantity"] == "gamma0"
    by_hand = (200**2 - 900) / (300 + 80 + 100) ** 2
    assert at(gamma, affine, crs, 80, 100)[0] == pytest.approx(by_hand, rel=2e-4)
    assert not list((tmp_path / "o").glob(".*"))


def test_landmarks_lie_where_the_grid_says_within_a_tenth_of_a_pixel(tmp_path: Path) -> None:
    made = Safe(("VV",))
    marks = [(30, 40), (30, 160), (80, 100), (130, 40), (130, 160)]
    for line, pixel in marks:
        made.numbers[VV][line - 2 : line + 3, pixel - 2 : pixel + 3] = 4000
    made.files[CALIBRATION] = safe.calibration(lambda *at: 500, lambda *at: 500)
    _, pixels, affine, crs = convert(made.write(tmp_path), tmp_path / "x.tif")
    power = np.nan_to_num(pixels[0] - np.nanmin(pixels[0]))
    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    for line, pixel in marks:
        col, row = ~affine @ transformer.transform(*place(line, pixel))
        rows, cols = np.mgrid[int(row) - 8 : int(row) + 9, int(col) - 8 : int(col) + 9]
        weight = power[rows, cols]
        found = np.array([(rows * weight).sum(), (cols * weight).sum()]) / weight.sum() + 0.5
        assert np.abs(found - (row, col)).max() < 0.1


def test_an_archive_gives_the_same_as_its_folder_and_leaves_nothing_unpacked(tmp_path: Path) -> None:
    archive = Safe().zip(tmp_path)
    _, of_folder, *_ = convert(tmp_path / f"unzipped/{NAME}.SAFE", tmp_path / "o/folder.tif")
    _, of_archive, *_ = convert(archive, tmp_path / "o/archive.tif")
    assert np.array_equal(of_folder, of_archive, equal_nan=True)
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["archive.tif", "folder.tif"]


def test_a_product_is_added_as_ingestion_reads_it_and_a_spoilt_neighbour_is_set_aside(house: House) -> None:
    Safe(("VV", "VH")).write(house.own)
    spoilt = Safe(("VV",))
    spoilt.files[NOISE] = BOMB
    spoilt.write(house.own, NAME.replace("8152", "0BAD"))
    said = house.add(house.own)
    assert said.code == 0 and "1 added, 0 unchanged, 1 set aside." in said.out
    assert f"added      {NAME}  sentinel-1-grd  " in said.out
    assert "0BAD.SAFE: hostile-xml: " in said.err and f"noise-{VV}.xml" in said.err
    properties = house.item(NAME)["properties"]
    assert (properties["fusar:product"], properties["fusar:quantity"]) == ("sentinel-1-grd", "sigma0")
    assert "unchanged" in house.add(house.own / f"{NAME}.SAFE").out
    gamma = house.add(house.own / f"{NAME}.SAFE", "--product", "sentinel-1-grd-gamma0", "--set", "id=gamma")
    assert gamma.code == 0, gamma.err
    assert house.item("gamma")["properties"]["fusar:quantity"] == "gamma0"


def test_names_tell_products_and_a_scene_is_called_as_its_product(tmp_path: Path) -> None:
    archive, folder = Safe(("VV",)).zip(tmp_path), tmp_path / f"unzipped/{NAME}.SAFE"
    other = tmp_path / "photos.zip"
    shutil.copy(archive, other)
    matches = sentinel1_grd.PRODUCT.matches
    assert [matches(path) for path in (archive, folder, other, folder / "manifest.safe")] == [True, True, False, False]
    assert list(sentinel1_grd.PRODUCT.scenes(archive)) == list(sentinel1_grd.PRODUCT.scenes(folder)) == [NAME]


def test_no_data_is_not_a_number_and_what_drowns_in_noise_is_dark(tmp_path: Path) -> None:
    made = Safe(("VV",))
    made.numbers[VV][:60] = 0
    made.numbers[VV][100:, :] = 20  # a power of 400, below the noise of 900
    _, pixels, affine, crs = convert(made.write(tmp_path), tmp_path / "x.tif")
    assert np.isnan(at(pixels, affine, crs, 40, 100)).all()
    assert at(pixels, affine, crs, 62, 100)[0] == pytest.approx((200**2 - 900) / (400 + 62 + 100) ** 2, rel=1e-3)
    assert 10 * np.log10(at(pixels, affine, crs, 120, 100)[0]) == pytest.approx(-50)


def test_dim_borders_of_old_processors_are_no_data_and_a_dark_sea_is_kept(tmp_path: Path) -> None:
    made = Safe(("VV",))
    made.files[NOISE] = safe.old_noise(100.0)
    made.numbers[VV][:, :60] = np.random.default_rng(4).integers(8, 13, (LINES, 60))  # the border: noise alone
    made.numbers[VV][:, 150:] = 25  # dark water, 525 above the noise
    made.files["manifest.safe"] = safe.manifest("002.43")
    _, pixels, affine, crs = convert(made.write(tmp_path), tmp_path / "o/old.tif")
    assert np.isnan(at(pixels, affine, crs, 80, 20)).all() and np.isfinite(at(pixels, affine, crs, 80, 65)).all()
    dark = (25**2 - 100) / (400 + 80 + 180) ** 2
    assert at(pixels, affine, crs, 80, 180)[0] == pytest.approx(dark, rel=1e-3)
    made.files["manifest.safe"] = safe.manifest("003.31")
    _, pixels, *_ = convert(made.write(tmp_path), tmp_path / "o/new.tif")
    assert np.isfinite(at(pixels, affine, crs, 80, 20)).all()


def test_a_border_ends_with_the_first_ground_and_after_500_columns() -> None:
    power = np.zeros((1, 1400), np.float32)
    power[0, 700:] = 900
    assert np.flatnonzero(borders(power)[0]).tolist() == list(range(500))
    power[0, 100:] = 900
    assert np.flatnonzero(borders(power)[0]).max() == pytest.approx(84, abs=2)  # half the window of the mean earlier


def test_a_product_without_noise_says_that_none_was_removed(tmp_path: Path) -> None:
    made = Safe(("VV",))
    made.files[NOISE] = safe.noise(lambda *at: 0.0)
    facts, pixels, affine, crs = convert(made.write(tmp_path), tmp_path / "x.tif")
    assert facts["fusar:noise_removed"] is False
    assert at(pixels, affine, crs, 80, 100)[0] == pytest.approx(200**2 / 580**2, rel=1e-3)


@pytest.mark.parametrize(
    ("inner", "old", "new", "code", "said"),
    [
        (ANNOTATION, "<pass>Descending</pass>", "", "broken-metadata", "pass is missing"),
        (ANNOTATION, "Descending", "Sideways", "broken-metadata", "'Sideways'"),
        (ANNOTATION, "<incidenceAngleMidSwath>3.9", "<incidenceAngleMidSwath>NaN3.9", "broken-metadata", "no number"),
        (ANNOTATION, "<numberOfLines>160", "<numberOfLines>1e999", "broken-metadata", "not finite"),
        (ANNOTATION, "<numberOfLines>160", "<numberOfLines>161", "broken-metadata", "not of the size"),
        (ANNOTATION, "<numberOfSamples>200", "<numberOfSamples>2e15", "broken-metadata", "not of the size"),
        (ANNOTATION, "<productType>GRD", "<productType>SLC", "unread-level", "SLC"),
        (ANNOTATION, "<polarisation>VV", "<polarisation>HH", "broken-metadata", "HH"),
        (ANNOTATION, "2021-04-01T05:26:23.794457</startTime>", "soon</startTime>", "wrong-field", "soon"),
        (ANNOTATION, "<longitude>", "<longitude>4", "broken-metadata", ""),
        (ANNOTATION, "<latitude>", "<latitude>9", "broken-metadata", "longitude and latitude"),
        (ANNOTATION, "<product>", "<product", "broken-metadata", "not well-formed"),
        (CALIBRATION, "sigmaNought", "sigmaNothing", "broken-metadata", "sigmaNought is missing"),
        (CALIBRATION, '<sigmaNought count="3">', '<sigmaNought count="4">', "broken-metadata", "3 numbers of 4"),
        (CALIBRATION, '<sigmaNought count="3">', '<sigmaNought count="3">-', "broken-metadata", "not positive"),
        (CALIBRATION, '<pixel count="3">', '<pixel count="3">9', "broken-metadata", "pixel and sigmaNought"),
        (CALIBRATION, "3.800000e+02", "3.800000e+22", "broken-metadata", "beyond 1e+15"),
        (NOISE, "noiseRangeVector>", "noiseRangeWector>", "broken-metadata", "is missing"),
        (NOISE, '<noiseRangeLut count="3">', '<noiseRangeLut count="3">-', "broken-metadata", "negative"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_file(tmp_path, inner: str, old: str, new: str, code: str, said: str) -> None:
    made = Safe()
    assert old in made.files[inner]
    made.files[inner] = made.files[inner].replace(old, new)
    error = refused(made.write(tmp_path), tmp_path / "o/x.tif")
    assert (error.code, said in error.problem) == (code, True), str(error)


@pytest.mark.parametrize("inner", ["manifest.safe", ANNOTATION, CALIBRATION, NOISE])
@pytest.mark.parametrize("text", [BOMB, FETCH], ids=["entities", "external"])
def test_xml_with_a_document_type_is_refused_before_it_is_read(tmp_path: Path, inner: str, text: str) -> None:
    made = Safe()
    made.files[inner] = text
    error = refused(made.write(tmp_path), tmp_path / "o/x.tif")
    assert (error.code, error.path.name) == ("hostile-xml", Path(inner).name)


@pytest.mark.parametrize("inner", [ANNOTATION, CALIBRATION, NOISE])
def test_a_missing_file_is_named(tmp_path: Path, inner: str) -> None:
    made = Safe()
    del made.files[inner]
    error = refused(made.write(tmp_path), tmp_path / "o/x.tif")
    assert (error.code, error.path.name) == ("missing-asset", Path(inner).name)


def test_a_link_that_leaves_the_product_is_refused(tmp_path: Path) -> None:
    product = Safe().write(tmp_path)
    secret = tmp_path / "secret.xml"
    (product / NOISE).rename(secret)
    (product / NOISE).symlink_to(secret)
    assert refused(product, tmp_path / "o/x.tif").code == "unsafe-archive"


def _member(name: str, archive: zipfile.ZipFile) -> None:
    archive.writestr(name, "canary")


def _link(archive: zipfile.ZipFile) -> None:
    member = zipfile.ZipInfo(f"{NAME}.SAFE/measurement/{VV}.tiff")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(member, "/etc/passwd")


def _bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr(f"{NAME}.SAFE/annotation/x.xml", bytes(21_000_000))


@pytest.mark.parametrize(
    "spoil",
    [
        partial(_member, "../canary.xml"),
        partial(_member, f"{NAME}.SAFE/annotation/../../../canary.xml"),
        partial(_member, "/canary.xml"),
        partial(_member, "..\\canary.xml"),
        partial(_member, "elsewhere/canary.xml"),
        _link,
        _bomb,
    ],
    ids=["up", "up-inside", "absolute", "backslash", "second-folder", "link", "bomb"],
)
def test_an_archive_that_would_leave_its_folder_or_fill_the_disk_is_not_unpacked(tmp_path: Path, spoil) -> None:
    archive = Safe(("VV",)).zip(tmp_path)
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as opened:
        spoil(opened)
    before = sorted(path for path in tmp_path.rglob("*"))
    assert refused(archive, tmp_path / "o/x.tif").code == "unsafe-archive"
    assert sorted(path for path in tmp_path.rglob("*") if path.name != "o") == before


@pytest.mark.parametrize("shift", [40, 2**31])
def test_an_archive_whose_directory_leads_beside_it_is_truncated(tmp_path: Path, shift: int) -> None:
    archive = Safe(("VV",)).zip(tmp_path)
    content = bytearray(archive.read_bytes())
    start = int.from_bytes(content[-6:-2], "little")  # of the directory, in the record at the end
    content[-6:-2] = (start + shift).to_bytes(4, "little")
    archive.write_bytes(content)
    assert refused(archive, tmp_path / "o/x.tif").code == "truncated"


def test_a_damaged_archive_and_measurement_are_truncated(tmp_path: Path) -> None:
    archive = Safe(("VV",)).zip(tmp_path)
    content = bytearray(archive.read_bytes())
    archive.write_bytes(content[: len(content) // 2])
    assert refused(archive, tmp_path / "o/x.tif").code == "truncated"
    product = tmp_path / f"unzipped/{NAME}.SAFE"
    file = product / f"measurement/{VV}.tiff"
    file.write_bytes(file.read_bytes()[:-9000])
    assert refused(product, tmp_path / "o/x.tif").code == "truncated"
    file.write_text("<VRTDataset/>")
    assert refused(product, tmp_path / "o/x.tif").code == "not-a-geotiff"


def test_other_levels_are_named_with_what_to_take_instead(tmp_path: Path) -> None:
    product = Safe().write(tmp_path, NAME.replace("GRDH", "SLC_"))
    assert sentinel1_grd.PRODUCT.matches(product)
    error = refused(product, tmp_path / "x.tif")
    assert (error.code, "SLC" in error.problem, "GRD" in error.problem) == ("unread-level", True, True)


@pytest.mark.parametrize(
    ("longitude", "latitude", "crs"),
    [
        (179.999, -17.0, "EPSG:32760"), (-179.999, -17.0, "EPSG:32701"), (5.999, 45.0, "EPSG:32631"),
        (6.001, 45.0, "EPSG:32632"), (30.0, 85.0, "EPSG:3413"), (30.0, -82.0, "EPSG:3031"),
    ],
)  # fmt: skip
def test_the_map_is_in_the_zone_of_the_middle_at_borders_the_antimeridian_and_the_poles(
    longitude, latitude, crs
) -> None:
    row, col = (axis.ravel().astype(float) for axis in np.mgrid[0:401:100, 0:501:100])
    east, north = (col - 250) * 10, (200 - row) * 10
    lon = longitude + east / (111_320 * np.cos(np.radians(latitude)))
    points = ControlPoints(Path("grid"), row, col, (lon + 180) % 360 - 180, latitude + north / 111_320)
    planned = plan(points, (400, 500), 10.0)
    assert planned.grid.crs == crs
    assert planned.grid.height * planned.grid.width < 2.2 * 400 * 500
    assert planned.residual_m < 20
    back = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(planned.easting, planned.northing)
    assert np.allclose(np.exp(1j * np.radians(back[0])), np.exp(1j * np.radians(points.longitude)), atol=1e-9)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"row": [0, 1], "col": [0, 1], "longitude": [0, 1], "latitude": [0, 1]}, "2 control points"),
        ({"row": [0, 1, 2], "col": [0, 1, 2], "longitude": [0, 1, 0], "latitude": [0, 1, 1]}, "on one line"),
        ({"row": [0, 1, 0], "col": [0, 1, 1], "longitude": [9, 9, 9], "latitude": [5, 5, 5]}, "on one line"),
        ({"row": [0, 9, 0], "col": [0, 9, 9], "longitude": [0, 3, 0], "latitude": [0, 3, 3]}, "out of all|map of"),
        ({"row": [0, 9, 0], "col": [0, 9, 9], "longitude": [0, 3, np.nan], "latitude": [0, 3, 3]}, "no longitude"),
    ],
)  # fmt: skip
def test_control_points_that_place_nothing_are_refused(values, said: str) -> None:
    arrays = {name: np.array(value, float) for name, value in values.items()}
    with pytest.raises(SceneError, match=said):
        plan(ControlPoints(Path("grid"), **arrays), (100, 100), 10.0)
