import json
import re
from pathlib import Path

import pytest

from components.contract.errors import FusarError
from components.registry.models import MODELS
from components.reporting import origin_sections
from components.reporting.report import write_report


def written(checkout: Path) -> str:
    write_report(checkout, "fusar-gpt/2: commit abc", checkout / "report.html")
    return (checkout / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def html(hostile_page: Path) -> str:
    return hostile_page.read_text(encoding="utf-8")


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.partition("<body>")[2]))


def test_hostile_strings_stay_text_in_every_section(html: str) -> None:
    assert "<script" not in html
    assert "<svg onload" not in html
    assert "<img src=x" not in html
    assert "54439" not in html
    assert html.count("&lt;svg onload=alert(3)&gt;") > 40


def test_a_reason_of_100000_characters_is_told_in_full(html: str) -> None:
    assert "r" * 10**5 + " end of the reason" in html


def test_the_first_screen_says_simulated_versions_verdict_and_headlines(html: str) -> None:
    head = text_of(html.partition("</header>")[0])
    assert "Retrain report: fusar-gpt/2 commit &lt;img" in head
    assert "All scenes behind this report are simulated" in head
    assert "challenger 0 of 1 gates passed, held against fusar-gpt/1. Refused by" in head
    assert "1 of 1 headline figures stand above their trivial baselines" in head
    assert "50.0 % above its baselines" in head
    assert "40.0 to 60.0 % · chance 10.0" in head


def test_verdicts_of_another_lock_are_not_taken_for_those_of_this_retrain(checkout: Path) -> None:
    known = json.loads((checkout / "report.json").read_text())
    (checkout / "report.json").write_text(json.dumps({**known, "lock": "of an earlier retrain"}))
    head = text_of(written(checkout).partition("</header>")[0])
    assert "gates passed" not in head
    assert "fusar-gpt/2: commit abc" in head


def test_the_page_is_complete_without_versions_lock_and_parameters(checkout: Path) -> None:
    for name in ("report.json", "dvc.lock", "params.yaml", "requirements.lock"):
        (checkout / name).unlink()
    said = text_of(written(checkout))
    assert "This checkout has no dvc.lock" in said
    assert "Retrain report fusar-gpt/2: commit abc" in said


def test_the_same_checkout_gives_the_same_bytes(checkout: Path) -> None:
    assert written(checkout) == written(checkout)


def test_a_correction_says_what_the_clause_was_before_the_injection(html: str) -> None:
    said = text_of(html)
    assert "Of 1 clauses that were corrupted on purpose (no stage can see which), SCIO restored 1" in said
    assert "annotated as" in said


def test_the_models_own_boxes_are_drawn_beside_the_labels(html: str) -> None:
    assert '<rect class="truth" x="1.0" y="1.0" width="3.0" height="4.0"/>' in html
    assert '<rect class="answer" x="1.0" y="1.0" width="4.0" height="5.0"/>' in html


def test_the_lineage_leads_from_sensors_to_versions_with_the_beginnings_of_md5(html: str) -> None:
    said = text_of(html)
    for words in ("e77e9bfd", "chips 64fc3254", "gpt 3248baa1", "weights 3248baa1", "1 scenes at 1 places"):
        assert words in said


def test_unmet_expectations_stand_open_and_met_ones_are_folded(html: str) -> None:
    assert html.count("Expectations that were not met") == 2  # caption and label of one table
    assert "All 2 expectations, 1 of them met</summary>" in html


def test_a_missing_output_is_named_with_the_remedy(checkout: Path) -> None:
    (checkout / "outputs/evaluate/report.json").unlink()
    with pytest.raises(FusarError, match=r"report\.json: cannot be read as JSON .* `dvc repro evaluate`"):
        write_report(checkout, "commit abc", checkout / "report.html")


def test_the_page_and_the_registry_name_the_same_models() -> None:
    registered = {model.kind.name: (model.kind.stage, model.kind.folder) for model in MODELS}
    assert registered == origin_sections.MODELS
