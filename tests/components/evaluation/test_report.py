import json

import pytest

from components.evaluation.report import Report


@pytest.mark.parametrize(
    ("is_simulated", "has_real", "begins"),
    [(True, False, "simulated scenes"), (True, True, "simulated and real scenes"), (False, True, "measured scenes")],
)
def test_a_report_says_whether_its_scenes_are_simulated_real_or_both(tmp_path, is_simulated, has_real, begins):
    report = Report("test", 2, is_simulated=is_simulated, has_real=has_real, metrics=(), confusions={})
    report.write(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["data"].startswith(begins)
