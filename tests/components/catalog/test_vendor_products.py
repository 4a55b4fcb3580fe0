"""Capella, Gaofen-3 and ICEYE: numbers by hand from each document's formula, and every flaw by its name."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.control import GroundControlPoint

from components.catalog.products import capella, gaofen3, iceye
from components.rasters.errors import SceneError
from components.rasters.opening import open_raster
from tests.components.catalog.conftest import House

UTM50 = Affine(5.0, 0.0, 500_000.0, 0.0, -5.0, 2_500_000.0)
NUMBERS = np.arange(1, 80 * 100 + 1, dtype=np.uint16).reshape(80, 100)
CAPELLA = "CAPELLA_C02_SP_GEC_HH_20210101010101_20210101010105"
GAOFEN = "GF3_KAS_FSII_002345_E113.0_N22.5_20170119_L2_{}_L20002140165"
ICEYE = "ICEYE_X6_GRD_SM_153426_20211026T060946"


def write(path: Path, numbers: np.ndarray = NUMBERS, tags: Mapping[str, str] | None = None, **profile: Any) -> Path:
    settings = {"driver": "GTiff", "crs": "EPSG:32650", "transform": UTM50, **profile}
    if "gcps" in settings:
        del settings["transform"]
    bands = numbers[None] if numbers.ndim == 2 else numbers
    count, height, width = bands.shape
    with rasterio.open(path, "w", count=count, height=height, width=width, dtype=bands.dtype, **settings) as sink:
        sink.write(bands)
        sink.update_tags(**(tags or {}))
    return path


def backscatter_db(facts: Mapping[str, Any], number: int, band: int = 0) -> float:
    assert facts["fusar:scale"] == "dn"
    return 20 * math.log10(number) + facts["fusar:dn_offset_db"][band]


# Capella


def extended(**image: Any) -> dict[str, Any]:
    return {
        "license": "https://www.capellaspace.com/data-licensing/",
        "product_type": "GEC",
        "collect": {
            "start_timestamp": "2021-01-01T01:01:01.123456789Z",
            "stop_timestamp": "2021-01-01T01:01:05.000000000Z",
            "platform": "capella-2",
            "mode": "spotlight",
            "image": {
                "scale_factor": 0.00034308869733029704, "radiometry": "sigma_nought", "calibration": "full",
                "center_pixel": {"incidence_angle": 38.5}, "range_looks": 1.0, "azimuth_looks": 9.0, "enl": 8.6,
                "ground_range_resolution": 0.5, "ground_azimuth_resolution": 0.5, "pixel_spacing_column": 0.35,
                "pixel_spacing_row": 0.35, **image,
            },
            "radar": {"center_frequency": 9.65e9, "pointing": "right", "transmit_polarization": "H",
                      "receive_polarization": "H"},
            "state": {"direction": "ascending"},
        },
    }  # fmt: skip


def capella_facts(path: Path) -> Mapping[str, Any]:
    with open_raster(path) as raster:
        assert capella.PRODUCT.matches(raster)
        return capella.PRODUCT.facts(raster)


def test_capella_calibrates_by_the_square_of_scale_factor_times_number(tmp_path: Path) -> None:
    path = write(tmp_path / f"{CAPELLA}.tif")
    path.with_name(f"{CAPELLA}_extended.json").write_text(json.dumps(extended()))
    facts = dict(capella_facts(path))
    # (0.000343... x 1000)^2 = 0.11771, which is -9.29 dB.
    assert backscatter_db(facts, 1000) == pytest.approx(-9.2918, abs=1e-3)
    assert facts.pop("fusar:dn_offset_db") == [pytest.approx(20 * math.log10(0.00034308869733029704))]
    assert facts == {
        "license": "other", "fusar:license_url": "https://www.capellaspace.com/data-licensing/",
        "providers": [{"name": "Capella Space", "roles": ["producer", "processor"]}],
        "datetime": "2021-01-01T01:01:01.123456Z", "start_datetime": "2021-01-01T01:01:01.123456Z",
        "end_datetime": "2021-01-01T01:01:05Z", "platform": "capella-2", "constellation": "capella",
        "sar:instrument_mode": "spotlight", "sar:frequency_band": "X", "sar:center_frequency": 9.65,
        "sar:product_type": "GEC", "sar:polarizations": ["HH"], "sar:observation_direction": "right",
        "sar:looks_range": 1, "sar:looks_azimuth": 9, "sar:looks_equivalent_number": 8.6, "sar:resolution_range": 0.5,
        "sar:resolution_azimuth": 0.5, "sar:pixel_spacing_range": 0.35, "sar:pixel_spacing_azimuth": 0.35,
        "sat:orbit_state": "ascending", "view:incidence_angle": 38.5, "fusar:quantity": "sigma0", "fusar:scale": "dn",
        "fusar:simulated": False,
    }  # fmt: skip


def test_capella_without_its_file_reads_the_tag_in_the_image(tmp_path: Path) -> None:
    content = json.dumps(extended(radiometry="gamma_nought"))
    path = write(tmp_path / f"{CAPELLA}.tif", tags={"TIFFTAG_IMAGEDESCRIPTION": content})
    assert capella_facts(path)["fusar:quantity"] == "gamma0"


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (extended(radiometry="beta_nought"), "unread-level", "beta_nought"),
        (extended(calibration="none"), "unread-level", "calibration none"),
        (extended(scale_factor=0), "broken-metadata", "collect.image.scale_factor"),
        (extended(scale_factor=None), "broken-metadata", "collect.image.scale_factor"),
        (extended(center_pixel={}), "broken-metadata", "incidence_angle"),
        ({**extended(), "product_type": "SLC"}, "unread-level", "SLC"),
        ({"product_type": "GEO"}, "broken-metadata", "collect: Field required"),
        ([], "broken-metadata", "the file"),
        (None, "broken-metadata", "no tag"),
        ("NaN", "broken-metadata", "not JSON"),
        ("[" * 100_000, "broken-metadata", "not JSON"),
    ],
)
def test_what_capella_does_not_say_is_named(tmp_path: Path, content: Any, code: str, said: str) -> None:
    path = write(tmp_path / f"{CAPELLA}.tif")
    if content is not None:
        text = content if isinstance(content, str) else json.dumps(content)
        path.with_name(f"{CAPELLA}_extended.json").write_text(text)
    with pytest.raises(SceneError) as caught:
        capella_facts(path)
    assert (caught.value.code, said in caught.value.problem) == (code, True), str(caught.value)


def test_every_family_is_added_under_its_own_name(house: House) -> None:
    image = np.full((80, 100), 3000, np.uint16)
    path = write(house.own / f"{CAPELLA}.tif", image)
    path.with_name(f"{CAPELLA}_extended.json").write_text(json.dumps(extended()))
    gaofen(house.own, numbers=image)
    write(house.own / f"{ICEYE}.tif", image, TAGS, gcps=control_points(), crs="EPSG:4326")
    said = house.add(house.own)
    assert said.code == 0, said.err
    assert [line.split()[:3] for line in said.out.splitlines()[:3]] == [
        ["added", CAPELLA, "capella-geo"],
        ["added", GAOFEN.format("HHHV"), "gaofen-3"],
        ["added", ICEYE, "iceye-grd"],
    ]
    assert house.item(CAPELLA)["properties"]["fusar:product"] == "capella-geo"
    assert "no terrain correction" in house.item(ICEYE)["properties"]["processing:lineage"]
    again = house.add(house.own / f"{GAOFEN.format('HV')}.tiff")
    assert again.out.startswith(f"unchanged  {GAOFEN.format('HHHV')}  gaofen-3")


# Gaofen-3

META = """<?xml version="1.0" encoding="UTF-8"?><product><satellite>GF3</satellite><orbitID>2345</orbitID>
<Direction>DEC</Direction><sensor><sensorID>SAR</sensorID><imagingMode>FSII</imagingMode>
<RadarCenterFrequency>5.4</RadarCenterFrequency><lookDirection>R</lookDirection><polarParams><polar><polarMode>HHHV
</polarMode></polar></polarParams></sensor><productinfo><NominalResolution>10</NominalResolution><productLevel>2
</productLevel><productType>SGC</productType></productinfo><imageinfo><imagingTime><start>2017-01-19 10:25:04.000000
</start><end>2017-01-19 10:25:12.500000</end></imagingTime><width>100</width><height>80</height><QualifyValue>
<HH>86.526939</HH><HV>21.345100</HV><VH>NULL</VH><VV>NULL</VV></QualifyValue></imageinfo><processinfo><MultilookRange>
1</MultilookRange><MultilookAzimuth>2</MultilookAzimuth><incidenceAngleNearRange>31.2</incidenceAngleNearRange>
<incidenceAngleFarRange>37.8</incidenceAngleFarRange><CalibrationConst><HH>20.18</HH><HV>22.4</HV><VH>NULL</VH>
<VV>NULL</VV></CalibrationConst></processinfo></product>"""


def gaofen(folder: Path, meta: str | None = META, polarizations: tuple[str, ...] = ("HV", "HH"), **image: Any) -> Path:
    """A product; the path of its first image."""
    for number, polarization in enumerate(polarizations):
        write(folder / f"{GAOFEN.format(polarization)}.tiff", **{"numbers": NUMBERS + number * 1000, **image})
    if meta is not None:
        (folder / f"{GAOFEN.format('HHHV')}.meta.xml").write_text(meta)
    return folder / f"{GAOFEN.format(polarizations[0])}.tiff"


def converted(family: Any, path: Path, target: Path) -> tuple[dict[str, Any], np.ndarray, Any]:
    (convert,) = family.PRODUCT.scenes(path).values()
    facts = convert(target)
    with rasterio.open(target) as raster:
        return dict(facts), raster.read(), raster.profile


def refused(family: Any, path: Path, target: Path) -> SceneError:
    (convert,) = family.PRODUCT.scenes(path).values()
    with pytest.raises(SceneError) as caught:
        convert(target)
    return caught.value


def test_gaofen_3_calibrates_each_polarisation_by_its_own_constants(tmp_path: Path) -> None:
    path = gaofen(tmp_path)
    facts, pixels, profile = converted(gaofen3, path, tmp_path / "o/x.tif")
    # HH: (5000 x 86.526939 / 65535)^2 = 43.580, 16.393 dB, less 20.18.
    # HV: (5000 x 21.3451 / 65535)^2 = 2.6521, 4.236 dB, less 22.4.
    assert backscatter_db(facts, 5000, 0) == pytest.approx(16.393 - 20.18, abs=2e-3)
    assert backscatter_db(facts, 5000, 1) == pytest.approx(4.236 - 22.4, abs=2e-3)
    assert np.array_equal(pixels, [NUMBERS + 1000, NUMBERS])
    assert (profile["transform"], profile["crs"], profile["nodata"], profile["dtype"]) == (
        UTM50,
        "EPSG:32650",
        0,
        "uint16",
    )
    del facts["fusar:dn_offset_db"]
    assert facts == {
        "datetime": "2017-01-19T10:25:04Z", "start_datetime": "2017-01-19T10:25:04Z",
        "end_datetime": "2017-01-19T10:25:12.500000Z", "platform": "gaofen-3", "constellation": "gaofen-3",
        "sar:instrument_mode": "FSII", "sar:frequency_band": "C", "sar:center_frequency": 5.4,
        "sar:product_type": "SGC", "sar:observation_direction": "right", "sar:looks_range": 1, "sar:looks_azimuth": 2,
        "sar:polarizations": ["HH", "HV"], "sat:orbit_state": "descending", "view:incidence_angle": 34.5,
        "processing:level": "L2", "fusar:quantity": "sigma0", "fusar:scale": "dn", "fusar:simulated": False,
    }  # fmt: skip


def test_every_file_of_a_gaofen_3_product_stands_for_the_same_scene(tmp_path: Path) -> None:
    gaofen(tmp_path)
    (tmp_path / "notes.xml").write_text("")
    write(tmp_path / f"{GAOFEN.format('HH').replace('0165', '0166')}.tiff")
    family, files = gaofen3.PRODUCT, [tmp_path / f"{GAOFEN.format(part)}" for part in ("HHHV", "HH", "HV")]
    files = [
        files[0].with_name(f"{files[0].name}.meta.xml"),
        *(file.with_name(f"{file.name}.tiff") for file in files[1:]),
    ]
    for file in files:
        assert family.matches(file)
        assert list(family.files(file)) == files
        assert list(family.scenes(file)) == [GAOFEN.format("HHHV")]
    assert not family.matches(tmp_path / "notes.xml")


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        (
            "<HH>86.526939</HH>",
            "<HH>NULL</HH>",
            "broken-metadata",
            "imageinfo/QualifyValue/HH is missing, empty or NULL",
        ),
        ("<HH>20.18</HH>", "", "broken-metadata", "processinfo/CalibrationConst/HH"),
        ("86.526939", "-1", "broken-metadata", "not positive"),
        ("86.526939", "eighty", "broken-metadata", "'eighty' is no number"),
        ("20.18", "inf", "broken-metadata", "not finite"),
        ("<satellite>GF3", "<satellite>GF2", "broken-metadata", "'GF2'"),
        ("2017-01-19 10:25:04.000000", "NULL", "broken-metadata", "imagingTime/start"),
        ("<imagingMode>FSII</imagingMode>", "", "broken-metadata", "sensor/imagingMode"),
        ("</product>", "", "broken-metadata", "not well-formed"),
        ("<product>", '<!DOCTYPE p [<!ENTITY a "b">]><product>', "hostile-xml", "entities"),
    ],
)
def test_what_gaofen_3_does_not_say_is_named(tmp_path: Path, old: str, new: str, code: str, said: str) -> None:
    assert old in META
    error = refused(gaofen3, gaofen(tmp_path, META.replace(old, new)), tmp_path / "o/x.tif")
    assert (error.code, said in error.problem) == (code, True), str(error)


def test_what_gaofen_3_leaves_open_stays_unknown(tmp_path: Path) -> None:
    meta = (
        META.replace("<Direction>DEC</Direction>", "")
        .replace("37.8", "NULL")
        .replace("<MultilookRange>\n1", "<MultilookRange>0")
    )
    facts, *_ = converted(gaofen3, gaofen(tmp_path, meta), tmp_path / "o/x.tif")
    assert {"sat:orbit_state", "view:incidence_angle", "sar:looks_range"} & set(facts) == set()


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"meta": None}, "missing-asset"),
        ({"polarizations": ("HHHV",)}, "broken-metadata"),
        ({"numbers": NUMBERS.astype(np.float32)}, "wrong-sample-type"),
        ({"numbers": np.stack([NUMBERS, NUMBERS])}, "wrong-sample-type"),
        ({"crs": None}, "missing-crs"),
    ],
)
def test_images_that_do_not_fit_gaofen_3_are_named(tmp_path: Path, made: dict[str, Any], code: str) -> None:
    assert refused(gaofen3, gaofen(tmp_path, **made), tmp_path / "o/x.tif").code == code


def test_bands_of_gaofen_3_on_different_grids_are_not_mixed(tmp_path: Path) -> None:
    path = gaofen(tmp_path)
    write(tmp_path / f"{GAOFEN.format('HH')}.tiff", transform=UTM50 @ Affine.translation(1, 0))
    assert refused(gaofen3, path, tmp_path / "o/x.tif").code == "grid-mismatch"


# ICEYE

TAGS = {
    "CALIBRATION_FACTOR": "1.2341123e-05", "ACQUISITION_START_UTC": "2021-10-26T06:09:46.250000",
    "ACQUISITION_END_UTC": "2021-10-26T06:09:52", "SATELLITE_NAME": "ICEYE-X6", "ACQUISITION_MODE": "stripmap",
    "POLARIZATION": "VV", "CARRIER_FREQUENCY": "9650000000.0", "LOOK_SIDE": "RIGHT", "ORBIT_DIRECTION": "ASCENDING",
    "INCIDENCE_CENTER": "23.5", "RANGE_LOOKS": "1", "AZIMUTH_LOOKS": "3", "RANGE_SPACING": "5.0",
    "AZIMUTH_SPACING": "5.0",
}  # fmt: skip
PROPERTIES = {
    "iceye:calibration_factor": 1.2341123e-05, "start_datetime": "2021-10-26T06:09:46.250Z",
    "end_datetime": "2021-10-26T06:09:52Z", "platform": "ICEYE-X6", "sar:instrument_mode": "stripmap",
    "sar:polarizations": ["VV"], "sar:center_frequency": 9650000000, "sar:observation_direction": "right",
    "sat:orbit_state": "ascending", "view:incidence_angle": 23.5, "sar:looks_range": 1, "sar:looks_azimuth": 3,
    "sar:pixel_spacing_range": 5.0, "sar:pixel_spacing_azimuth": 5.0,
}  # fmt: skip
FACTS = {
    "datetime": "2021-10-26T06:09:46.250000Z", "start_datetime": "2021-10-26T06:09:46.250000Z",
    "end_datetime": "2021-10-26T06:09:52Z", "platform": "iceye-x6", "constellation": "iceye",
    "sar:instrument_mode": "stripmap", "sar:frequency_band": "X", "sar:center_frequency": 9.65,
    "sar:product_type": "GRD", "sar:polarizations": ["VV"], "sar:observation_direction": "right",
    "sar:looks_range": 1, "sar:looks_azimuth": 3, "sar:pixel_spacing_range": 5.0, "sar:pixel_spacing_azimuth": 5.0,
    "sat:orbit_state": "ascending", "view:incidence_angle": 23.5, "fusar:quantity": "sigma0", "fusar:simulated": False,
}  # fmt: skip


def lonlat(row: float, col: float) -> tuple[float, float]:
    """Where an image that is turned by 193 degrees and mirrored lies."""
    turned = Affine.translation(700_000, 5_300_000) @ Affine.rotation(193) @ Affine.scale(5, 5)
    x, y = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True).transform(*(turned @ (col, row)))
    return float(x), float(y)


def control_points(height: int = 80, width: int = 100) -> list[GroundControlPoint]:
    places = [(row, col) for row in np.linspace(0, height, 5) for col in np.linspace(0, width, 5)]
    return [GroundControlPoint(row, col, *lonlat(row, col), 400.0) for row, col in places]


@pytest.mark.parametrize(
    "tags",
    [TAGS, {"ICEYE_PROPERTIES": json.dumps(PROPERTIES)},
     {"ICEYE_PROPERTIES": json.dumps({"type": "Feature", "properties": PROPERTIES})}],
    ids=["2.4", "2025", "2025-item"],
)  # fmt: skip
def test_iceye_laid_on_a_map_through_its_control_points_is_power(tmp_path: Path, tags: Mapping[str, str]) -> None:
    numbers = np.full((80, 100), 200, np.uint16)
    numbers[40:43, 30:33] = 9000
    numbers[:, :10] = 0
    path = write(tmp_path / f"{ICEYE}.tif", numbers, tags, gcps=control_points(), crs="EPSG:4326")
    facts, pixels, profile = converted(iceye, path, tmp_path / "o/x.tif")
    assert facts.pop("fusar:geocoding_residual_m") < 0.1
    assert "25 points of its control points, bilinear in power; residual" in facts.pop("processing:lineage")
    assert facts == {**FACTS, "fusar:scale": "linear"}
    assert (profile["crs"], profile["transform"].a, profile["dtype"]) == ("EPSG:32632", 5.0, "float32")
    power = pixels[0]
    # 1.2341123e-05 x 200^2 = 0.49364.
    assert np.nanmedian(power) == pytest.approx(0.49364492, rel=1e-5)
    to_map = Transformer.from_crs("EPSG:4326", profile["crs"], always_xy=True)
    col, row = ~profile["transform"] @ to_map.transform(*lonlat(41.5, 31.5))
    excess = np.nan_to_num(power - 0.49364492)
    rows, cols = np.mgrid[0 : power.shape[0], 0 : power.shape[1]] + 0.5
    assert (rows * excess).sum() / excess.sum() == pytest.approx(row, abs=0.1)
    assert (cols * excess).sum() / excess.sum() == pytest.approx(col, abs=0.1)
    col, row = ~profile["transform"] @ to_map.transform(*lonlat(50, 5))
    assert np.isnan(power[int(row), int(col)])
    assert sorted(file.name for file in (tmp_path / "o").iterdir()) == ["x.tif"]


def test_iceye_on_a_map_already_keeps_its_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / f"{ICEYE.replace('GRD', 'GEC')}.tif", tags=TAGS, nodata=7)
    facts, pixels, profile = converted(iceye, path, tmp_path / "o/x.tif")
    assert backscatter_db(facts, 200) == pytest.approx(10 * math.log10(0.49364492))
    assert np.array_equal(pixels[0], np.where(NUMBERS == 7, 0, NUMBERS))
    assert (profile["transform"], profile["nodata"]) == (UTM50, 0)


@pytest.mark.parametrize(
    ("tags", "code", "said"),
    [
        ({**TAGS, "CALIBRATION_FACTOR": "0"}, "broken-metadata", "tag CALIBRATION_FACTOR"),
        ({**TAGS, "CALIBRATION_FACTOR": "nan"}, "broken-metadata", "tag CALIBRATION_FACTOR"),
        ({name: TAGS[name] for name in TAGS if name != "CALIBRATION_FACTOR"}, "broken-metadata", "Field required"),
        ({**TAGS, "POLARIZATION": "XX"}, "broken-metadata", "tag POLARIZATION"),
        ({**TAGS, "SATELLITE_NAME": "SOMEONE"}, "broken-metadata", "tag SATELLITE_NAME"),
        ({**TAGS, "ACQUISITION_START_UTC": "noon"}, "wrong-field", "noon"),
        ({**TAGS, "ACQUISITION_START_UTC": "0001-01-01T00:00:00+14:00"}, "wrong-field", "0001-01-01"),
        ({**TAGS, "CARRIER_FREQUENCY": "inf"}, "broken-metadata", "tag CARRIER_FREQUENCY"),
        ({}, "broken-metadata", "tag CALIBRATION_FACTOR"),
        ({"ICEYE_PROPERTIES": "{"}, "broken-metadata", "not JSON"),
        ({"ICEYE_PROPERTIES": "[1]"}, "broken-metadata", "no JSON object"),
        ({"ICEYE_PROPERTIES": json.dumps({**PROPERTIES, "iceye:amplitude_mapping": {
            "function": "power", "parameters": {"exponent": 0.25, "scale": 1}}})}, "unread-level", "amplitude_mapping"),
    ],
)  # fmt: skip
def test_what_iceye_does_not_say_is_named(tmp_path: Path, tags: Mapping[str, str], code: str, said: str) -> None:
    path = write(tmp_path / f"{ICEYE}.tif", tags=tags)
    error = refused(iceye, path, tmp_path / "o/x.tif")
    assert (error.code, said in error.problem) == (code, True), str(error)


def test_iceye_images_of_other_kinds_are_refused_and_small_views_left_alone(tmp_path: Path) -> None:
    for name in (ICEYE.replace("GRD", "SLC") + ".tif", ICEYE + ".h5"):
        path = tmp_path / name
        path.write_bytes(b"")
        assert iceye.PRODUCT.matches(path)
        assert refused(iceye, path, tmp_path / "o/x.tif").code == "unread-level"
    assert not iceye.PRODUCT.matches(tmp_path / "ICEYE_X6_QUICKLOOK_GRD_SM_1.tif")
    path = write(tmp_path / f"{ICEYE}.tif", NUMBERS.astype(np.float32), TAGS)
    assert refused(iceye, path, tmp_path / "o/x.tif").code == "wrong-sample-type"
    path = write(tmp_path / f"{ICEYE}.tif", tags=TAGS, crs=None)
    assert refused(iceye, path, tmp_path / "o/x.tif").code == "missing-crs"
