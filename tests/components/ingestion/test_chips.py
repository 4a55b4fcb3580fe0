import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pytest
import shapely
from affine import Affine
from pyproj import Transformer

from components.records.backscatter import STEP_DB, decode_decibels
from components.records.schemas import CHIPS
from components.records.tables import read_table


def _chips(catalogue) -> list[dict]:
    return read_table(catalogue.outputs / "chips", CHIPS).to_pylist()


def _codes(chip: dict) -> np.ndarray:
    shape = (len(chip["polarizations"]), chip["height"], chip["width"])
    return np.frombuffer(chip["backscatter"], np.uint8).reshape(shape)


def test_chips_hold_the_scene_s_decibels_at_their_row_and_column(catalogue, config) -> None:
    pixels = catalogue.good(height=192, width=150)
    catalogue.ingest(config)
    chips = _chips(catalogue)
    assert [(chip["row"], chip["col"]) for chip in chips] == [(r, c) for r in (0, 64, 128) for c in (0, 64, 86)]
    assert len({chip["chip_id"] for chip in chips}) == 9
    for chip in chips:
        row, col = chip["row"], chip["col"]
        difference = decode_decibels(_codes(chip)) - pixels[:, row : row + 64, col : col + 64]
        assert np.abs(difference).max() <= STEP_DB / 2 + 1e-5


def test_digital_numbers_are_cut_as_the_decibels_that_their_item_declares(catalogue, config) -> None:
    numbers = np.arange(1000, 1000 + 2 * 64 * 64, dtype=np.uint16)[::-1].reshape(2, 64, 64)
    catalogue.raster("scenes/good.tif", numbers)
    catalogue.item("good", fusar__scale="dn", fusar__dn_offset_db=[-70.5, -83])
    catalogue.ingest(config)
    decibels = 20 * np.log10(numbers) + np.array([-70.5, -83])[:, None, None]
    assert np.abs(decode_decibels(_codes(_chips(catalogue)[0])) - decibels).max() <= STEP_DB / 2 + 1e-5


def test_a_chip_carries_what_its_item_says(catalogue, config) -> None:
    catalogue.good(sar__looks_equivalent_number=None, sar__looks_range=5, sar__looks_azimuth=2)
    catalogue.ingest(config)
    chip = _chips(catalogue)[0]
    assert chip["datetime"] == dt.datetime(2021, 7, 21, 8, 40, 10, tzinfo=dt.UTC)
    assert (chip["platform"], chip["frequency_band"], chip["polarizations"]) == ("sentinel-1a", "C", ["VV", "VH"])
    assert (chip["quantity"], chip["simulated"], chip["looks"], chip["incidence_deg"]) == ("gamma0", True, 10.0, 38.0)
    assert (chip["crs"], chip["place_id"], chip["valid_share"]) == ("EPSG:32631", "N43.500E004.250", 1.0)
    assert chip["spacing_m"] == pytest.approx(10, rel=1e-3)
    assert chip["land_cover"] is chip["objects"] is chip["alphaearth"] is None


def test_what_an_item_does_not_say_is_unknown_and_not_guessed(catalogue, config) -> None:
    catalogue.good(sar__frequency_band=None, sar__looks_equivalent_number=None, view__incidence_angle=None)
    catalogue.ingest(config)
    chip = _chips(catalogue)[0]
    assert (chip["frequency_band"], chip["looks"], chip["incidence_deg"]) == ("unknown", None, None)


def test_chips_with_too_few_valid_pixels_are_left_out(catalogue, config) -> None:
    pixels = catalogue.good()
    pixels[0, :40, :64] = np.nan  # one polarisation missing is a missing pixel
    catalogue.raster("scenes/good.tif", pixels)
    assert catalogue.ingest(config)["chips"] == 3
    assert catalogue.ingest(config.model_copy(update={"min_valid": 0.3}))["chips"] == 4
    assert _chips(catalogue)[0]["valid_share"] == pytest.approx(24 / 64)


def test_land_cover_is_cut_where_the_backscatter_is(catalogue, config) -> None:
    catalogue.good()
    cover = (np.arange(128 * 128) % 7).astype(np.uint8).reshape(1, 128, 128)
    catalogue.raster("land_cover/good.tif", cover)
    catalogue.item("good", {"backscatter": "../scenes/good.tif", "land_cover": "../land_cover/good.tif"})
    catalogue.ingest(config)
    chip = _chips(catalogue)[3]
    np.testing.assert_array_equal(np.frombuffer(chip["land_cover"], np.uint8).reshape(64, 64), cover[0, 64:, 64:])


def test_objects_belong_to_the_chip_of_their_centre_with_boxes_clipped_to_it(catalogue, config) -> None:
    catalogue.good()
    to_lonlat = Transformer.from_crs("EPSG:32631", "EPSG:4326", always_xy=True)

    def polygon(col0: float, row0: float, col1: float, row1: float) -> list[list[float]]:
        corners = [(col0, row0), (col1, row0), (col1, row1), (col0, row1), (col0, row0)]
        return [list(to_lonlat.transform(620000 + 10 * col, 4830000 - 10 * row)) for col, row in corners]

    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [polygon(*box)]},
            "properties": {"category": category, "length_m": 80.0, "width_m": 20.0},
        }
        for box, category in [((10, 20, 18, 22), "ship"), ((50, 70, 74, 74), "bridge"), ((60, 5, 80, 9), "ship")]
    ]
    path = catalogue.data / "objects/good.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    catalogue.item("good", {"backscatter": "../scenes/good.tif", "objects": "../objects/good.geojson"})
    catalogue.ingest(config)
    found = {(chip["row"], chip["col"]): chip["objects"] for chip in _chips(catalogue)}

    def boxes(row: int, col: int) -> list[tuple]:
        return [(o["category"], *(round(o[side], 3) for side in ("x0", "y0", "x1", "y1"))) for o in found[row, col]]

    assert boxes(0, 0) == [("ship", 10, 20, 18, 22)]
    assert boxes(0, 64) == [("ship", 0, 5, 16, 9)]
    assert boxes(64, 0) == [("bridge", 50, 6, 64, 10)]
    assert found[64, 64] == []  # labelled, and none


def test_embeddings_come_in_unit_length_where_the_bottom_up_tile_covers_the_chip(catalogue, config) -> None:
    catalogue.good()
    # 10 m pixels over the western half of the scene; band 0 points north, band 1 south.
    tile = np.zeros((64, 128, 64), np.int8)
    tile[0, 64:], tile[1, :64] = 100, 100
    bottom_up = Affine(10, 0, 620000, 0, 10, 4830000 - 1280)
    catalogue.raster("alphaearth/good.tif", tile, transform=bottom_up, nodata=-128)
    catalogue.item("good", {"backscatter": "../scenes/good.tif", "alphaearth": "../alphaearth/good.tif"})
    catalogue.ingest(config)
    north_west, north_east, south_west, _ = _chips(catalogue)
    vectors = np.frombuffer(north_west["alphaearth"], np.float32).reshape(4, 4, 64)
    np.testing.assert_allclose(vectors[..., 0], 1, atol=1e-6)
    np.testing.assert_allclose(
        np.frombuffer(south_west["alphaearth"], np.float32).reshape(4, 4, 64)[..., 1], 1, atol=1e-6
    )
    assert np.frombuffer(north_west["alphaearth_valid"], np.bool_).all()
    assert north_west["alphaearth_year"] == 2021
    assert north_east["alphaearth"] is north_east["alphaearth_valid"] is north_east["alphaearth_year"] is None


def test_all_chips_of_a_place_share_a_split_and_footprints_tile_the_scene(catalogue, config) -> None:
    for name in ("first", "second"):
        catalogue.good(name)
    catalogue.ingest(config)
    chips = _chips(catalogue)
    assert len({(chip["place_id"], chip["split"]) for chip in chips}) == 1
    footprints = shapely.from_wkb([chip["footprint"] for chip in chips if chip["scene_id"] == "first"])
    assert shapely.union_all(footprints).area == pytest.approx(sum(shapely.area(footprints)), rel=1e-6)


def test_chips_are_georeferenced_parquet_that_geopandas_would_read(catalogue, config) -> None:
    catalogue.good()
    catalogue.ingest(config)
    schema = pa.parquet.read_schema(catalogue.outputs / "chips/good.parquet")
    assert json.loads(schema.metadata[b"geo"])["columns"]["footprint"]["encoding"] == "WKB"
