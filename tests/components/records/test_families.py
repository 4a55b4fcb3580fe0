import re

import numpy as np
import pytest

from components.records import families
from components.records.families import (
    AIRCRAFT,
    FAMILIES,
    HCOT_STEPS,
    LANDFORM,
    SHIP,
    caption,
    cell_of,
    family_of,
    read_caption,
)

ALL_FIELDS = [(family, field) for family in FAMILIES for field in family.fields]


def test_every_family_has_the_papers_eight_fields_in_the_papers_order():
    assert LANDFORM.names == (
        "Terrain",
        "Functionality",
        "Distribution",
        "Layout",
        "Boundary",
        "Buildings",
        "Roads",
        "Water",
    )
    assert SHIP.names == AIRCRAFT.names
    assert SHIP.names == ("Count", "Location", "Feature", "Size", "Category", "Distribution", "Region", "Environment")


@pytest.mark.parametrize(("family", "field"), ALL_FIELDS)
def test_a_fields_values_are_distinct_small_words_and_end_with_unknown(family, field):
    words = list(field.values.values())
    assert len(set(words)) == len(words) >= 4
    assert list(field.values)[-1] == "unknown"
    assert all(re.fullmatch(r"[a-z0-9]+( [a-z0-9]+){0,2}", value) for value in [field.lead_in, *words])
    assert field.step in HCOT_STEPS
    assert {field.code_of(value) for value in words} == set(field.values)


def test_no_lead_in_begins_like_another_so_that_a_clause_names_its_field():
    lead_ins = [f"{field.lead_in} " for _, field in ALL_FIELDS]
    assert not [(a, b) for a in lead_ins for b in lead_ins if a is not b and a.startswith(b)]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_longest_caption_of_a_family_has_at_most_56_words(family):
    longest = caption(
        (field.lead_in, max(field.values.values(), key=lambda words: words.count(" "))) for field in family.fields
    )
    assert len(longest.split()) <= 56
    assert set(longest.split()) <= set(families.vocabulary())


def test_a_caption_reads_back_as_the_codes_it_was_made_of():
    codes = {field.name: list(field.values)[1] for field in SHIP.fields}
    text = caption((field.lead_in, field.values[codes[field.name]]) for field in SHIP.fields)
    assert text.startswith("ships counted one $ largest ship at upper left $")
    assert read_caption(text) == {"ship": codes}


def test_reading_a_caption_ignores_unsayable_clauses_and_repeats():
    assert read_caption("ships counted two $ ships counted three $ ship size is purple $ hello") == {
        "ship": {"Count": "2"}
    }


def test_an_apron_outranks_water_and_water_outranks_land():
    sea, land = np.full((4, 4), 1, np.uint8), np.full((4, 4), 3, np.uint8)
    assert family_of([{"category": "apron"}], sea) is AIRCRAFT
    assert family_of([], sea) is SHIP
    assert family_of([{"category": "ship"}], land) is SHIP
    assert family_of([{"category": "building"}], land) is LANDFORM
    assert family_of(None, None) is LANDFORM


def test_unlabelled_pixels_do_not_dilute_the_water():
    half_labelled = np.array([1, 1, 0, 0], np.uint8)
    assert families.water_share(half_labelled) == 1.0
    assert families.water_share(np.zeros(4, np.uint8)) == 0.0


def test_positions_fall_in_the_3x3_cell_that_holds_them_and_edges_stay_inside():
    assert (cell_of(0.0, 0.0), cell_of(0.5, 0.5), cell_of(1.0, 1.0)) == ("upper_left", "middle_center", "lower_right")
    assert cell_of(0.9, 0.1) == "upper_right"


def test_an_unknown_field_name_says_which_fields_there_are():
    with pytest.raises(KeyError, match="Terrain"):
        LANDFORM.field("Count")
