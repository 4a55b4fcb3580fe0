"""The report page of a retrain: what came out, what went in, what was learned, how it was made."""

from pathlib import Path

from components.pages.files import write_page
from components.pages.page import Section, render_page
from components.reporting import (
    chip_sections,
    correction_section,
    data_sections,
    front,
    model_sections,
    origin_sections,
)
from components.reporting.evidence import Evidence, read_evidence


def write_report(checkout: Path, subtitle: str, page: Path) -> None:
    """Write one static, offline HTML page about the outputs that lie in a checkout.

    Args:
        checkout: folder of a finished retrain; `outputs/` in it is read.
        subtitle: commit, profile and versions in words.
        page: file to write, atomically; a JSON file of its name beside it tells versions and verdicts.

    Raises:
        FusarError: an output is missing or holds another schema.
    """
    evidence = read_evidence(checkout, page.with_suffix(".json"))
    text = render_page(front.front(evidence, subtitle), _sections(evidence))
    write_page(page, text)


def _sections(evidence: Evidence) -> list[Section]:
    return [
        model_sections.metrics(evidence),
        model_sections.ablation(evidence),
        chip_sections.answers(evidence),
        model_sections.confusions(evidence),
        model_sections.slices(evidence),
        model_sections.training_curves(evidence),
        correction_section.corrections(evidence),
        data_sections.places(evidence),
        data_sections.checks(evidence),
        data_sections.set_aside(evidence),
        origin_sections.lineage(evidence),
        origin_sections.parameters(evidence),
    ]
