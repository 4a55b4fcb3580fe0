import json
import math
import sys
from pathlib import Path

import pytest

from benchmarks.orchestration.errors import ContestantFailed
from benchmarks.orchestration.measuring import Contestant, Sample, Summary, measure, run_once
from benchmarks.orchestration.results import Comparison, as_json
from benchmarks.orchestration.share import Times, compare


def contestant(folder: Path, name: str, code: str, **more: str) -> Contestant:
    """Python without site packages: it starts in milliseconds."""
    return Contestant(name, (sys.executable, "-I", "-S", "-c", code), folder, **more)


def traced(folder: Path, name: str) -> Contestant:
    return contestant(folder, name, f"open('trace', 'a').write('{name} ')")


def test_contestants_take_turns_and_a_warm_up_round_does_not_count(tmp_path):
    found = measure([traced(tmp_path, "a"), traced(tmp_path, "b"), traced(tmp_path, "c")], repeats=2, warmups=1)
    assert (tmp_path / "trace").read_text().split() == ["a", "b", "c"] * 3
    assert [len(summary.samples) for summary in found.values()] == [2, 2, 2]


def test_a_contestant_that_sleeps_longer_has_the_larger_median_and_hardly_any_processor_time(tmp_path):
    short, long = (contestant(tmp_path, f"{s}", f"import time; time.sleep({s})") for s in (0.05, 0.4))
    found = measure([short, long], repeats=3, warmups=0)
    assert 0.05 <= found["0.05"].wall_s < found["0.4"].wall_s
    assert found["0.4"].wall_s >= 0.4
    assert found["0.4"].cpu_s < 0.3


def test_the_median_is_the_middle_one_and_the_spread_the_outer_two():
    summary = Summary(tuple(Sample(wall, 1.0) for wall in (9.0, 1.0, 2.0)))
    assert (summary.wall_s, summary.spread_s) == (2.0, (1.0, 9.0))


def test_a_contestant_that_fails_is_an_error_and_no_fast_time(tmp_path):
    with pytest.raises(ContestantFailed, match="code 3"):
        measure([traced(tmp_path, "a"), contestant(tmp_path, "b", "raise SystemExit(3)")], repeats=1)


def test_a_contestant_that_does_not_say_that_it_did_its_work_is_an_error(tmp_path):
    with pytest.raises(ContestantFailed, match="up to date"):
        run_once(contestant(tmp_path, "a", "print('ran everything again')", says="up to date"))


def test_the_time_of_a_call_is_read_from_what_the_contestant_prints_and_must_be_there(tmp_path):
    pattern = r"call ([0-9.]+) s"
    assert run_once(contestant(tmp_path, "a", "print('call 1.25 s')", call=pattern)).call_s == 1.25
    assert math.isnan(run_once(contestant(tmp_path, "a", "pass")).call_s)
    with pytest.raises(ContestantFailed):
        run_once(contestant(tmp_path, "a", "pass", call=pattern))


def test_what_was_not_measured_is_null_in_the_file_and_keeps_no_limit():
    figure = Comparison("a figure", float("nan"), "s", limit=1.0)
    content = json.loads(as_json({"a": Summary((Sample(1.0, 0.5),))}, [figure], {"commit": "abc"}))
    assert content["contestants"]["a"]["median_call_s"] is None
    assert content["comparisons"][0]["is_met"] is False


def test_the_share_is_all_in_which_no_component_works_and_its_parts_add_up():
    times = Times(100.0, 2.0, {"ingest": 10.0, "pretrain": 80.0}, {"ingest": 8.0, "pretrain": 79.0}, {"register": 5.0})
    share, with_steps, wall, *parts = compare(times)
    assert (share.value, share.is_met, with_steps.value, wall.value) == (8.0, False, 13.0, 100.0)
    assert sum(part.value for part in parts) == 13.0
