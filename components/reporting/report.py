"""The report page of a retrain: what went in, what was learned, what it is worth."""

from pathlib import Path

from components.contract.stage import OUTPUTS_FOLDER
from components.pages.page import Section, render_page
from components.reporting import data_sections, model_sections
from components.reporting.evidence import Evidence, read_evidence

BANNER = "All scenes behind this report are simulated: its figures prove the path, not what real SAR would give."


def write_report(checkout: Path, subtitle: str, page: Path) -> None:
    """Write one static, offline HTML page about the outputs that lie in a checkout.

    Args:
        checkout: folder of a finished retrain; `outputs/` in it is read.
        subtitle: commit, profile and versions in words.
        page: file to write, atomically.

    Raises:
        FusarError: an output is missing or holds another schema.
    """
    evidence = read_evidence(checkout / OUTPUTS_FOLDER)
    text = render_page("Retrain report", subtitle, BANNER if evidence.simulated else "", _sections(evidence))
    page.parent.mkdir(parents=True, exist_ok=True)
    partial = page.with_name(f".{page.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(page)


def _sections(evidence: Evidence) -> list[Section]:
    return [
        model_sections.metrics(evidence),
        data_sections.places(evidence),
        data_sections.chips(evidence),
        model_sections.training_curves(evidence),
        model_sections.corrections(evidence),
        *model_sections.confusions(evidence),
        data_sections.verdicts(evidence),
        data_sections.set_aside(evidence),
    ]
