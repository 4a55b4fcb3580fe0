"""The soak, where somebody has half an hour for it."""

import os

import pytest

from tests.faults.repository import small_repository
from tests.faults.soak import Tally, expected, soak
from tests.faults.stand import Stand
from tests.small_house import run


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("FUSAR_SOAK"), reason="FUSAR_SOAK is not set: the number of retrains, up to 200")
def test_nothing_is_lost_and_nothing_wrong_whatever_is_killed(built_house, tmp_path):
    small_repository(built_house, tmp_path)
    stand = Stand(tmp_path)
    try:
        stand.up()
        tally: Tally = soak(stand, int(os.environ["FUSAR_SOAK"]), 30.0, seed=1)
    finally:
        stand.down()
    assert (tally.lost, tally.wrong) == ([], [])
    assert tally.done > 0


def test_the_soak_knows_what_must_come_out(built_house, tmp_path):
    """What it compares with is what plain DVC makes; otherwise it would never find a wrong output."""
    from tests.faults.aftermath import undisturbed

    made = undisturbed(built_house, tmp_path / "twin")
    assert expected(built_house, 40, 1, 1.0).items() <= made.items()
    assert not expected(built_house, 5, 1, 1.0).items() <= made.items()
    assert run(built_house, "git", "status", "--porcelain").stdout == ""
