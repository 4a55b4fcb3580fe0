import numpy as np
import pytest

from components.annotation.annotator import annotate_chip
from components.annotation.rules import Rules, graded
from components.annotation.steps import STEPS
from components.records.families import FAMILIES, HCOT_STEPS
from components.records.landcover import LAND_COVER

WATER, TREES, CROPS, GRASS, TOWN, BARE = LAND_COVER


# Round bounds of our own: tuning params.yaml to a catalogue must not move what these tests know.
BOUNDS = {
    "ship_lengths_m": (80, 180),
    "ship_types_m": (40, 120, 220),
    "aircraft_lengths_m": (18, 27),
    "aircraft_types_m": (15, 24),
    "ship_echoes_db": (15, 25),
    "sea_db": (-20, -16),
    "edge_contrasts_db": (3, 5, 8),
    "close_share": 0.25,
    "paved_db": -12,
}


@pytest.fixture(scope="module")
def rules(laptop_params):
    return Rules.model_validate(laptop_params["annotate"]["rules"] | BOUNDS)


@pytest.fixture(scope="module")
def codes(given, rules):
    def codes_of(**changes):
        return {clause["field"]: clause["code"] for clause in annotate_chip(given.chip_row(**changes), rules)}

    return codes_of


def test_the_steps_are_the_five_of_the_paper_in_order():
    assert tuple(step.name for step in STEPS) == HCOT_STEPS


def test_three_ships_at_sea_are_counted_placed_and_sized_in_metres(given, codes):
    ships = [
        given.target("ship", 200.0, (44, 4, 60, 8)),
        given.target("ship", 30.0, (4, 44, 10, 48)),
        given.target("ship", None, (20, 30, 30, 34)),  # 10 px of 3 m
    ]
    level = given.decibels()
    level[4:8, 44:60] = 10.0
    found = codes(objects=ships, backscatter=given.backscatter(level))
    assert found == {
        "Count": "3",
        "Location": "upper_right",
        "Feature": "strong",
        "Size": "large",
        "Category": "freighter",
        "Distribution": "scattered",
        "Region": "open_water",
        "Environment": "calm_sea",
    }


def test_an_unlabelled_length_is_measured_on_the_box_by_the_ground_sample_distance(given, codes):
    ship = [given.target("ship", None, (20, 30, 30, 34))]
    assert codes(objects=ship, spacing_m=3.0)["Size"] == "small"
    assert codes(objects=ship, spacing_m=10.0)["Size"] == "medium"


def test_an_empty_sea_says_none_and_not_unknown(codes):
    found = codes()
    assert [found[name] for name in ("Count", "Location", "Feature", "Size", "Category", "Distribution")] == [
        "0",
        *["none"] * 5,
    ]


def test_seven_ships_are_many(given, codes):
    ships = [given.target("ship", 30.0, (8 * i, 30, 8 * i + 3, 33)) for i in range(7)]
    assert codes(objects=ships)["Count"] == "many"


@pytest.mark.parametrize(("level", "sea"), [(-24.0, "calm_sea"), (-18.0, "rippled_sea"), (-12.0, "rough_sea")])
def test_the_seas_state_follows_its_co_polarized_backscatter(given, codes, level, sea):
    assert codes(backscatter=given.backscatter(given.decibels(level)))["Environment"] == sea


def test_a_harbour_has_built_up_land_by_the_water(given, codes):
    found = codes(land_cover=given.cover(WATER, TOWN, columns=16))
    assert (found["Region"], found["Environment"]) == ("harbor", "town")


def test_cropland_left_of_water_is_a_farmed_coast_with_sharp_edges(given, codes):
    level = given.decibels(-10.0)
    level[:, 36:] = -22.0
    found = codes(land_cover=given.cover(CROPS, WATER, columns=28), backscatter=given.backscatter(level))
    assert found == {
        "Terrain": "coast",
        "Functionality": "farming",
        "Distribution": "leftward",
        "Layout": "two_parts",
        "Boundary": "sharp",
        "Buildings": "none",
        "Roads": "none",
        "Water": "much",
    }


def test_woods_throughout_have_one_part_and_no_edges(given, codes):
    found = codes(land_cover=given.cover(TREES))
    expected = {
        "Terrain": "woodland",
        "Functionality": "forestry",
        "Distribution": "throughout",
        "Layout": "one_part",
        "Boundary": "absent",
        "Buildings": "none",
        "Roads": "none",
        "Water": "none",
    }
    assert found == expected


def test_specks_of_other_covers_leave_the_one_part_throughout(given, codes):
    ground = np.full((64, 64), TREES, np.uint8)
    for corner, cover in enumerate((CROPS, GRASS, BARE)):
        ground[:16, 20 * corner : 20 * corner + 17] = cover  # 6.6 % each: no part, but trees are 80 %
    found = codes(land_cover=ground.tobytes())
    assert (found["Layout"], found["Distribution"]) == ("one_part", "throughout")


def test_a_bridge_outranks_streets_and_single_buildings_count_where_no_town_is_mapped(given, codes):
    things = [given.target("bridge", 90.0, (0, 30, 64, 33)), given.target("building", 20.0, (5, 5, 9, 9))]
    found = codes(land_cover=given.cover(GRASS), objects=things)
    assert (found["Roads"], found["Buildings"]) == ("bridge", "few")


def test_aircraft_on_an_apron_among_grass(given, codes):
    things = [
        given.target("apron", 60.0, (0, 0, 64, 63)),
        given.target("aircraft", 35.0, (10, 10, 40, 40)),
        given.target("aircraft", 14.0, (44, 14, 54, 24)),
    ]
    found = codes(land_cover=given.cover(GRASS), objects=things, spacing_m=1.0)
    assert [found[name] for name in ("Count", "Size", "Category")] == ["2", "large", "airliner"]
    assert (found["Region"], found["Environment"]) == ("wide_apron", "grass")
    assert codes(land_cover=given.cover(GRASS), objects=things[1:])["Region"] == "open_field"
    assert codes(land_cover=given.cover(GRASS, TOWN, columns=40), objects=things[1:])["Region"] == "narrow_apron"


def test_dark_smooth_built_up_ground_is_a_runway_and_bright_ground_is_streets(given, codes):
    def described(level):
        found = codes(land_cover=given.cover(TOWN), backscatter=given.backscatter(given.decibels(level)))
        return found["Functionality"], found["Buildings"], found["Roads"]

    assert described(-17.0) == ("airfield", "none", "runway")
    assert described(-6.0) == ("housing", "dense", "streets")


def test_a_real_scene_without_labels_says_only_what_backscatter_shows(codes):
    found = codes(land_cover=None, objects=None)
    assert found.pop("Boundary") == "absent"
    assert set(found.values()) == {"unknown"}


def test_water_whose_objects_nobody_labelled_has_an_unknown_count(given, codes):
    found = codes(objects=None)
    assert found["Count"] == "unknown"
    assert found["Region"] == "open_water"


def test_uncalibrated_amplitude_never_says_the_seas_state_but_still_shows_echoes(given, codes):
    amplitude = np.full((2, 64, 64), 20, np.uint8)
    amplitude[:, 30:33, 20:24] = 200  # 20 log10(10) = 20 dB over the clutter
    found = codes(
        quantity="amplitude", backscatter=amplitude.tobytes(), objects=[given.target("ship", 90.0, (20, 30, 24, 33))]
    )
    assert (found["Environment"], found["Feature"]) == ("unknown", "clear")


def test_a_chip_of_nodata_does_not_crash_and_says_nothing_about_echoes(given, codes):
    nothing = np.zeros((2, 64, 64), np.uint8).tobytes()
    found = codes(backscatter=nothing, objects=[given.target("ship", 90.0, (20, 30, 24, 33))])
    assert (found["Feature"], found["Environment"], found["Count"]) == ("unknown", "unknown", "1")


def test_calibration_drops_a_ship_on_dry_land_and_says_so(given, rules):
    ships = [given.target("ship", 200.0, (50, 30, 58, 34)), given.target("ship", 50.0, (10, 30, 14, 34))]
    row = given.chip_row(land_cover=given.cover(WATER, CROPS, columns=24), objects=ships)
    clauses = {clause["field"]: clause for clause in annotate_chip(row, rules)}
    assert (clauses["Count"]["code"], clauses["Location"]["code"]) == ("1", "middle_left")
    assert (clauses["Size"]["code"], clauses["Distribution"]["code"]) == ("small", "alone")
    assert clauses["Count"]["step"] == "calibration"
    assert "ship on dry land" in clauses["Count"]["evidence"]


def test_calibration_drops_an_aircraft_longer_than_any_that_was_built(given, rules):
    things = [given.target("aircraft", 140.0, (10, 10, 40, 40)), given.target("apron", 60.0, (8, 8, 56, 56))]
    clauses = annotate_chip(given.chip_row(land_cover=given.cover(GRASS), objects=things), rules)
    assert (clauses[0]["code"], clauses[0]["step"]) == ("0", "calibration")


def test_calibration_leaves_consistent_layers_alone(given, rules):
    clauses = annotate_chip(given.chip_row(objects=[given.target("ship", 90.0, (20, 30, 24, 33))]), rules)
    assert "calibration" not in {clause["step"] for clause in clauses}


def test_every_code_that_a_rule_can_reach_stands_in_its_fields_closed_list(given, rules):
    generator = np.random.default_rng(7)
    for number in range(200):
        codes = generator.choice([0, *LAND_COVER], size=(64, 64), p=generator.dirichlet(np.full(7, 0.3)))
        category = ("ship", "aircraft", "apron", "bridge", "building")[number % 5]
        boxes = [(x, y, x + 6, y + 4) for x, y in generator.integers(0, 57, (number % 8, 2)).tolist()]
        things = [given.target(category, float(generator.uniform(5, 500)), box) for box in boxes]
        level = generator.normal(-15, 4, (64, 64)).astype(np.float32)
        row = given.chip_row(
            land_cover=codes.astype(np.uint8).tobytes(), objects=things, backscatter=given.backscatter(level)
        )
        clauses = annotate_chip(row, rules)
        family = next(family for family in FAMILIES if family.name == clauses[0]["family"])
        assert [clause["field"] for clause in clauses] == list(family.names)
        for clause, field in zip(clauses, family.fields, strict=True):
            assert field.values[clause["code"]] == clause["value"]


def test_a_value_on_a_bound_belongs_to_the_higher_code():
    assert [graded(value, (1.0, 2.0), "abc") for value in (0.9, 1.0, 2.0)] == ["a", "b", "c"]


def test_bounds_that_fall_are_refused_by_name(laptop_params):
    with pytest.raises(ValueError, match="sea_db"):
        Rules.model_validate(laptop_params["annotate"]["rules"] | {"sea_db": (-10.0, -20.0)})
