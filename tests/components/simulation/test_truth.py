"""What the labels say must be what the image shows."""

import numpy as np
import pytest
from shapely.geometry import shape

from components.geography.projection import lonlat_to_pixel
from components.simulation.backscatter import draw_backscatter, draw_look, keep_ten_bits
from components.simulation.covers import Covers, Streets, draw_covers
from components.simulation.files import objects_geojson
from components.simulation.grid import scene_grid, utm_epsg
from components.simulation.ground import Ground, find_ground
from components.simulation.placement import draw_targets
from components.simulation.scatterers import LEVEL_DB
from components.simulation.sensors import SENSORS, sensor
from components.simulation.sigma0 import mean_sigma0_db
from components.simulation.targets import aircraft, bridge, building, ship

EVEN = Ground(10.0, 50.0, 0.0, np.array([0, 0, 0.2, 0.2, 0.2, 0.2, 0.2]))


def centre_pixel(feature, written) -> tuple[float, float]:
    ring = np.array(feature["geometry"]["coordinates"][0][:4])
    cols, rows = lonlat_to_pixel(written.crs, written.affine, ring[:, 0], ring[:, 1])
    return float(np.mean(cols)), float(np.mean(rows))


def test_every_ship_and_aircraft_is_bright_where_its_polygon_says(tiny_scenes):
    seen = 0
    for written in tiny_scenes:
        for feature in written.objects:
            if feature["properties"]["category"] in ("ship", "aircraft"):
                col, row = (int(value) for value in centre_pixel(feature, written))
                around = written.power[0, max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
                assert 10 * np.log10(around.max()) > -6, (written.spec.scene_id, feature["properties"])
                seen += 1
    assert seen > 100


def test_an_object_maps_back_from_longitude_and_latitude_to_its_pixel():
    grid = scene_grid(151.2, -33.9, 1.0, 128)
    target = ship(np.random.default_rng(0), (40.3, 71.8), 14.0)
    (feature,) = objects_geojson([target], grid)["features"]
    ring = np.array(feature["geometry"]["coordinates"][0][:4])
    cols, rows = lonlat_to_pixel(f"EPSG:{grid.epsg}", grid.affine, ring[:, 0], ring[:, 1])
    np.testing.assert_allclose([cols.mean(), rows.mean()], [40.3, 71.8], atol=0.01)
    assert feature["properties"]["length_m"] == 14.0
    assert shape(feature["geometry"]).exterior.is_ccw


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: ship(rng, (32.4, 31.7), 12.0),
        lambda rng: aircraft(rng, (32.4, 31.7), 24.0),
        lambda rng: bridge((32.4, 31.7), (30.0, 3.0), 0.4),
        lambda rng: building((32.4, 31.7), (16.0, 10.0), 0.4, -1.0),
    ],
    ids=LEVEL_DB,
)
def test_an_object_brightens_its_own_rectangle_far_more_than_its_surroundings(make):
    rng = np.random.default_rng(1)
    target = make(rng)
    covers = Covers(np.full((64, 64), 4, dtype=np.uint8), Streets(0.0, 20.0))
    look = draw_look(rng, sensor("x1"))
    image = draw_backscatter(rng, covers, [target], sensor("x1"), look)[0]
    bright = np.argwhere(image > 8 * np.median(image))[:, ::-1] + 0.5
    offset = bright - [target.col, target.row]
    cos, sin = np.cos(target.angle_rad), np.sin(target.angle_rad)
    along, across = offset @ [cos, sin], offset @ [-sin, cos]
    reach = 4.0  # the main lobe and first sidelobes around the rectangle
    inside = (np.abs(along) < target.length_px / 2 + reach) & (np.abs(across) < target.width_px / 2 + reach)
    assert len(bright) >= 6
    assert inside.mean() > 0.9


@pytest.mark.parametrize("instrument", SENSORS, ids=lambda sensor: sensor.key)
def test_covers_have_the_sigma_nought_of_the_table(instrument):
    deviations = {code: [] for code in range(1, 7)}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        covers = draw_covers(rng, "coast", EVEN, (192, 192), instrument.block_px)
        look = draw_look(rng, instrument)
        image = draw_backscatter(rng, covers, [], instrument, look) - 10 ** (instrument.nesz_db / 10)
        wanted = mean_sigma0_db(instrument.band, instrument.polarizations[0], look.incidence_deg)
        for code, found in deviations.items():
            if (covers.labels == code).sum() > 500:
                found.append(10 * np.log10(image[0][covers.labels == code].mean()) - wanted[code])
    for code, found in deviations.items():
        assert abs(np.mean(found)) < 1.0, (code, found)
        assert np.std(found) < 1.5


def test_cross_polarised_land_is_darker_than_co_polarised(tiny_scenes):
    for written in tiny_scenes:
        land = written.labels != 1
        if len(written.power) == 2 and land.any():
            gap_db = 10 * np.log10(written.power[0][land].mean() / written.power[1][land].mean())
            assert 3 < gap_db < 10


def test_water_lies_only_where_the_real_map_or_a_named_river_has_it(tiny_scenes):
    for written in tiny_scenes:
        if (written.labels == 1).any() and written.spec.theme != "river":
            assert written.spec.theme in ("coast", "sea")
            assert find_ground(written.spec).water_share >= 0.2


def test_ships_stand_on_water_and_aircraft_on_aprons(tiny_scenes):
    for written in tiny_scenes:
        aprons = [shape(f["geometry"]) for f in written.objects if f["properties"]["category"] == "apron"]
        for feature in written.objects:
            col, row = centre_pixel(feature, written)
            if feature["properties"]["category"] == "ship":
                assert written.labels[int(row), int(col)] == 1
            if feature["properties"]["category"] == "aircraft":
                assert any(apron.contains(shape(feature["geometry"]).centroid) for apron in aprons)


def test_counts_over_water_are_spread_so_that_no_single_answer_wins():
    counts = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        covers = draw_covers(rng, "sea", EVEN, (256, 256), (14, 22))
        ships = draw_targets(rng, covers, sensor("c3"), 1.0)
        cells = [(int(target.row) // 64, int(target.col) // 64) for target in ships]
        counts += [cells.count((row, col)) for row in range(4) for col in range(4)]
    shares = np.bincount(counts, minlength=6) / len(counts)
    assert shares.size == 6
    assert shares.min() > 0.05 and shares.max() < 0.35


def test_values_keep_three_significant_digits():
    values = np.random.default_rng(0).uniform(1e-4, 30, 10_000)
    kept = keep_ten_bits(values)
    np.testing.assert_allclose(kept, values, rtol=2**-11)
    assert not (kept.view(np.uint32) & 0x1FFF).any()


@pytest.mark.parametrize(("lon", "lat", "epsg"), [(4.5, 52, 32631), (151.2, -33.9, 32756), (-179.9, 1, 32601)])
def test_a_place_falls_into_its_utm_zone(lon, lat, epsg):
    assert utm_epsg(lon, lat) == epsg
