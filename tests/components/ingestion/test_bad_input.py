import json
import os
import pickle
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.ingestion import errors
from components.ingestion.errors import BrokenItem, BrokenWithdrawals, HrefOutsideData, NoScenes
from components.ingestion.items import read_scene
from components.rasters.errors import SceneError
from components.records.schemas import SET_ASIDE
from components.records.tables import read_table

CANARY = b"CANARY-7f3a9c-do-not-publish"
NOISE = np.random.default_rng(3).normal(-12, 3, (2, 64, 64)).astype(np.float32)
LOCAL_CRS = 'LOCAL_CS["a pier",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'


def _bad(catalogue, pixels=NOISE, assets=None, properties=None, **profile) -> Path:
    catalogue.item("bad", assets, **(properties or {}))
    return catalogue.raster("scenes/bad.tif", pixels, **profile)


def truncated_tiff(catalogue) -> None:
    path = _bad(catalogue)
    path.write_bytes(path.read_bytes()[:-9000])


def tiff_without_crs(catalogue) -> None:
    _bad(catalogue, crs=None)


def all_nan_tiff(catalogue) -> None:
    _bad(catalogue, np.full((2, 64, 64), np.nan, np.float32))


def all_nodata_tiff(catalogue) -> None:
    _bad(catalogue, np.full((2, 64, 64), -99, np.float32), nodata=-99)


def one_band_declared_as_two_polarizations(catalogue) -> None:
    _bad(catalogue, NOISE[:1])


def item_without_its_raster(catalogue) -> None:
    catalogue.item("bad")


def item_without_its_land_cover(catalogue) -> None:
    _bad(catalogue, assets={"backscatter": "../scenes/bad.tif", "land_cover": "../land_cover/bad.tif"})


def vrt_disguised_as_tif(catalogue) -> None:
    catalogue.item("bad")
    secret = catalogue.root / "secret.bin"
    secret.write_bytes(CANARY * 700)
    (catalogue.data / "scenes/bad.tif").write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="64"><SRS>EPSG:32631</SRS><GeoTransform>0,1,0,0,0,-1</GeoTransform>'
        '<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
        f"<SourceFilename>{secret}</SourceFilename><ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset>"
        "<LineOffset>64</LineOffset></VRTRasterBand></VRTDataset>"
    )


def href_that_climbs_out_of_data(catalogue) -> None:
    catalogue.raster("../outside.tif", NOISE)
    catalogue.item("bad", {"backscatter": "../../outside.tif"})


def href_with_a_scheme(catalogue) -> None:
    catalogue.item("bad", {"backscatter": "http://169.254.169.254/latest/scene.tif"})


def link_that_leads_out_of_data(catalogue) -> None:
    catalogue.raster("../outside.tif", NOISE)
    catalogue.item("bad")
    (catalogue.data / "scenes/bad.tif").symlink_to(catalogue.root / "outside.tif")


def item_that_is_not_json(catalogue) -> None:
    (catalogue.data / "items/bad.json").write_bytes(b"\x00[[[{")


def item_nested_too_deep(catalogue) -> None:
    (catalogue.data / "items/bad.json").write_text("[" * 200_000)


def item_of_another_kind(catalogue) -> None:
    (catalogue.data / "items/bad.json").write_text(json.dumps({"type": "Catalog", "id": "bad"}))


def item_without_polarizations(catalogue) -> None:
    _bad(catalogue, properties={"sar__polarizations": None})


def item_without_a_date(catalogue) -> None:
    path = catalogue.item("bad")
    content = json.loads(path.read_text())
    content["properties"]["datetime"] = None
    path.write_text(json.dumps(content))


def scene_smaller_than_a_chip(catalogue) -> None:
    _bad(catalogue, NOISE[:, :40])


def scene_with_too_few_valid_pixels(catalogue) -> None:
    pixels = NOISE.copy()
    pixels[1, 10:] = np.nan
    _bad(catalogue, pixels)


def land_cover_on_another_grid(catalogue) -> None:
    item_without_its_land_cover(catalogue)
    catalogue.raster("land_cover/bad.tif", np.ones((1, 32, 32), np.uint8))


def land_cover_with_unknown_codes(catalogue) -> None:
    item_without_its_land_cover(catalogue)
    catalogue.raster("land_cover/bad.tif", np.full((1, 64, 64), 11, np.uint8))


def embeddings_of_another_kind(catalogue) -> None:
    _bad(catalogue, assets={"backscatter": "../scenes/bad.tif", "alphaearth": "../alphaearth/bad.tif"})
    catalogue.raster("alphaearth/bad.tif", np.ones((3, 64, 64), np.uint8))


def objects_with_an_unknown_category(catalogue) -> None:
    _bad(catalogue, assets={"backscatter": "../scenes/bad.tif", "objects": "../objects/bad.geojson"})
    ring = [[4.5, 43.6], [4.6, 43.6], [4.6, 43.7], [4.5, 43.6]]
    feature = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"category": "<script>"}}
    (catalogue.data / "objects/bad.geojson").write_text(json.dumps({"features": [feature]}))


def local_crs(catalogue) -> None:
    _bad(catalogue, crs=LOCAL_CRS)


def local_crs_with_objects(catalogue) -> None:
    assets = {"backscatter": "../scenes/bad.tif", "objects": "../objects/bad.geojson"}
    _bad(catalogue, assets=assets, crs=LOCAL_CRS)
    square = [[3, 43], [3.1, 43], [3.1, 43.1], [3, 43]]
    feature = {"properties": {"category": "ship"}, "geometry": {"type": "Polygon", "coordinates": [square]}}
    (catalogue.data / "objects/bad.geojson").write_text(json.dumps({"features": [feature]}))


def crs_that_has_no_longitude(catalogue) -> None:
    _bad(catalogue, transform=(1e9, 0, 0, 0, -1e9, 0))


FLAWS = [
    (truncated_tiff, "truncated"),
    (tiff_without_crs, "missing-crs"),
    (all_nan_tiff, "empty-scene"),
    (all_nodata_tiff, "empty-scene"),
    (one_band_declared_as_two_polarizations, "wrong-polarization"),
    (item_without_its_raster, "missing-asset"),
    (item_without_its_land_cover, "missing-asset"),
    (vrt_disguised_as_tif, "not-a-geotiff"),
    (href_that_climbs_out_of_data, "href-outside-data"),
    (href_with_a_scheme, "href-outside-data"),
    (link_that_leads_out_of_data, "href-outside-data"),
    (item_that_is_not_json, "broken-item"),
    (item_nested_too_deep, "broken-item"),
    (item_of_another_kind, "broken-item"),
    (item_without_polarizations, "broken-item"),
    (item_without_a_date, "broken-item"),
    (scene_smaller_than_a_chip, "smaller-than-a-chip"),
    (scene_with_too_few_valid_pixels, "no-valid-chip"),
    (land_cover_on_another_grid, "grid-mismatch"),
    (land_cover_with_unknown_codes, "unknown-land-cover"),
    (embeddings_of_another_kind, "not-alphaearth"),
    (objects_with_an_unknown_category, "broken-objects"),
    (crs_that_has_no_longitude, "unusable-crs"),
    (local_crs, "unusable-crs"),
    (local_crs_with_objects, "unusable-crs"),
]


@pytest.mark.parametrize(("flaw", "code"), FLAWS, ids=[flaw.__name__ for flaw, _ in FLAWS])
def test_a_bad_scene_is_set_aside_with_its_code_and_its_neighbour_is_cut(flaw, code, catalogue, config) -> None:
    flaw(catalogue)
    catalogue.good()
    metrics = catalogue.ingest(config)
    assert (metrics["scenes_cut"], metrics["scenes_set_aside"], metrics["chips"]) == (1, 1, 4)
    (row,) = read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).to_pylist()
    assert (row["scene_id"], row["code"]) == ("bad", code)
    assert (catalogue.data / row["file"]).parent.is_dir() and "bad" in row["file"]
    assert len(row["reason"]) > 20 and str(catalogue.root) not in row["reason"]
    for output in catalogue.outputs.rglob("*.parquet"):
        assert CANARY not in output.read_bytes()
        columns = pq.read_table(output).to_pydict()
        assert "CANARY" not in str(columns.get("reason")) and CANARY not in b"".join(columns.get("backscatter", []))


def test_if_no_scene_survives_there_is_one_clear_error(catalogue, config) -> None:
    tiff_without_crs(catalogue)
    with pytest.raises(NoScenes, match=r"all 1 scenes were set aside; the first: scenes/bad\.tif: no CRS"):
        catalogue.ingest(config)
    assert read_table(catalogue.outputs / "set_aside.parquet", SET_ASIDE).num_rows == 1


def test_data_without_an_item_is_one_clear_error(catalogue, config) -> None:
    with pytest.raises(NoScenes, match="holds no item"):
        catalogue.ingest(config)


def test_our_own_mistakes_are_not_swallowed(catalogue, config) -> None:
    catalogue.good()
    broken = config.model_copy(update={"chip_stride": 0})  # what no params file can say
    with pytest.raises(ValueError, match="must not be zero"):
        catalogue.ingest(broken)


@pytest.mark.parametrize("text", ["md5,name\n", "", "md5,scene_id,reason,name,time\nscene,a,b,c,d\n", "\x00\n"])
def test_a_broken_list_of_withdrawals_stops_everything(catalogue, config, text: str) -> None:
    catalogue.good()
    catalogue.withdrawn.write_text(text)
    with pytest.raises(BrokenWithdrawals, match=r"withdrawn\.csv"):
        catalogue.ingest(config)


HREF_PARTS = st.lists(st.sampled_from(["..", ".", "scenes", "items", "/", "etc", "passwd", "a.tif", "~", "", "..."]))


@settings(max_examples=200, deadline=None)
@given(HREF_PARTS.map("/".join) | st.text(max_size=30))
def test_no_href_leads_out_of_data(tmp_path_factory: pytest.TempPathFactory, href: str) -> None:
    data = tmp_path_factory.getbasetemp() / "hrefs" / "data"
    (data / "items").mkdir(parents=True, exist_ok=True)
    item_file = data / "items" / "a.json"
    properties = {
        "datetime": "2021-01-01T00:00:00Z", "platform": "p", "sar:polarizations": ["VV"], "fusar:quantity": "sigma0",
        "fusar:scale": "linear", "fusar:simulated": True,
    }  # fmt: skip
    item = {"type": "Feature", "stac_version": "1.1.0", "stac_extensions": [], "id": "a", "geometry": None,
            "properties": properties, "links": [], "assets": {"backscatter": {"href": href}}}  # fmt: skip
    item_file.write_text(json.dumps(item))
    try:
        path = read_scene(item_file, data).files["backscatter"]
    except HrefOutsideData:
        return
    assert os.path.realpath(path).startswith(os.path.realpath(data))


@pytest.mark.parametrize("scene_id", ["other", "../bad", "a b", "x" * 101])
def test_an_item_s_id_is_its_file_s_name(catalogue, scene_id: str) -> None:
    path = catalogue.item("bad")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"id": scene_id}))
    with pytest.raises(BrokenItem, match="id"):
        read_scene(path, catalogue.data)


def test_every_error_survives_pickling_with_its_sentence() -> None:
    details = {
        "BrokenItem": ("datetime: missing",),
        "HrefOutsideData": ("backscatter", "../../a"),
        "BrokenObjects": ("no area",),
        "UnknownLandCover": ("9", "0..6"),
        "NotAlphaEarth": (3, "uint8"),
        "NoValidChip": (0.5,),
        "BrokenWithdrawals": ("columns",),
        "NoScenes": (2, "first"),
    }
    for name, values in details.items():
        error = vars(errors)[name](Path("items/a.json"), *values)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
        assert not isinstance(error, SceneError) or error.code != "scene"


def test_a_wrong_scale_is_found_behind_the_last_strip_too(catalogue, config) -> None:
    catalogue.raster("scenes/good.tif", np.full((2, 600, 64), -12, np.float32))
    catalogue.item("good", fusar__scale="linear")
    with pytest.raises(NoScenes, match="100% of its values"):
        catalogue.ingest(config)
    assert list((catalogue.outputs / "chips").iterdir()) == []
