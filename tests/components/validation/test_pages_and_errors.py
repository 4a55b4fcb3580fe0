import pickle
import re
import subprocess
import sys

import pytest

from components.contract.side import SIDE_FOLDER
from components.validation.errors import CriticalValidationError, Failure
from components.validation.stage import STAGES
from components.validation.suites import SUITES

HOSTILE = '"><img src=x onerror=alert(1)>'


def test_hostile_ids_and_captions_reach_no_page_as_tags_but_the_verdicts_as_they_are(
    check_annotations, chips, clauses, tmp_path, monkeypatch
):
    monkeypatch.setenv(SIDE_FOLDER, str(tmp_path / "side"))
    chips[0] |= {"chip_id": HOSTILE, "scene_id": HOSTILE}
    for clause in clauses[:8]:
        clause |= {"chip_id": HOSTILE, "code": HOSTILE, "value": HOSTILE, "evidence": HOSTILE, "step": HOSTILE}
    with pytest.raises(CriticalValidationError) as raised:
        check_annotations(chips, clauses)
    assert f"{HOSTILE} Count" in raised.value.failures[0].examples
    pages = [path.read_text() for path in (tmp_path / "side" / "data_docs").rglob("*.html")]
    assert any("&lt;img src=x" in page for page in pages)
    assert not [page for page in pages if "<img src=x" in page]


def test_hostile_scene_ids_reach_no_page_of_the_chips_either(check_chips, chips, tmp_path, monkeypatch):
    monkeypatch.setenv(SIDE_FOLDER, str(tmp_path / "side"))
    chips[0] |= {"chip_id": HOSTILE, "crs": HOSTILE, "place_id": HOSTILE, "split": HOSTILE}
    with pytest.raises(CriticalValidationError):
        check_chips(chips, [HOSTILE])
    docs = tmp_path / "side" / "data_docs"
    pages = [path.read_text() for path in docs.rglob("*.html")]
    assert any("&lt;img src=x" in page for page in pages)
    assert not [page for page in pages if "<img src=x" in page]
    # Every page of a result links pictures that are there, those of the scenes that failed first.
    (of_chips,) = docs.glob("validations/chips/**/*.html")
    links = re.findall(r'<a href="([^"]*quicklooks/[^"]*)">', of_chips.read_text())
    assert links and all((of_chips.parent / link).resolve().is_file() for link in links)
    assert "Scenes named on this page" in of_chips.read_text()


def test_without_a_side_folder_no_data_docs_are_written(check_chips, chips, tmp_path, monkeypatch):
    monkeypatch.delenv(SIDE_FOLDER, raising=False)
    check_chips(chips)
    assert list(tmp_path.rglob("*.html")) == []


def test_the_check_is_quiet(check_chips, chips, capfd):
    check_chips(chips)
    captured = capfd.readouterr()
    assert captured.out == "" and "Calculating" not in captured.err


def test_a_critical_error_survives_pickling():
    error = CriticalValidationError("check_chips", (Failure("chips", "e", "crs", 1, ("c",), "Mend it."),))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.failures) == (str(error), error.failures)


def test_every_suite_belongs_to_a_stage_and_no_two_share_a_name():
    assert {suite.stage for suite in SUITES} == {stage.name for stage in STAGES}
    assert len({suite.name for suite in SUITES}) == len(SUITES)


def test_declaring_the_stages_does_not_import_great_expectations():
    code = "import sys, components.validation.stage; print('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
