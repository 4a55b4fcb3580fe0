from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from components.geography.places import place_id, split_of

LON = st.floats(-180, 179.999)
LAT = st.floats(-90, 89.999)


def test_a_place_is_named_after_the_south_western_corner_of_its_cell() -> None:
    assert place_id(4.5204, 43.5944, 0.25) == "N43.500E004.500"
    assert place_id(-48.106, -25.316, 0.25) == "S25.500W048.250"
    assert place_id(0.1, -0.1, 0.25) == "S00.250E000.000"


@given(LON, LAT, st.sampled_from([0.1, 0.25, 1.0]), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_points_of_one_cell_share_a_name_and_cells_do_not(
    lon: float, lat: float, cell: float, right: float, up: float
) -> None:
    west, south = round(lon // cell) * cell, round(lat // cell) * cell
    middle = place_id(west + cell / 2, south + cell / 2, cell)
    assert place_id(west + cell * right, south + cell * up, cell) == middle
    assert place_id(west + cell * 1.5, south + cell / 2, cell) != middle


def test_splits_keep_the_shares_over_many_places_and_depend_on_the_seed() -> None:
    places = [f"N{i:06.3f}E000.000" for i in range(20_000)]
    splits = [split_of(place, 1, val_share=0.1, test_share=0.2) for place in places]
    counts = Counter(splits)
    assert abs(counts["test"] / 20_000 - 0.2) < 0.01 and abs(counts["val"] / 20_000 - 0.1) < 0.01
    assert splits == [split_of(place, 1, 0.1, 0.2) for place in places]
    assert splits != [split_of(place, 2, 0.1, 0.2) for place in places]


def test_a_share_of_nothing_is_nothing() -> None:
    assert {split_of(f"N00.000E{i:07.3f}", 5, 0, 0) for i in range(500)} == {"train"}
