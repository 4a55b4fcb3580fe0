"""The first screen: what came out, in words and in a handful of figures beside their baselines."""

from collections.abc import Mapping
from typing import Any

from components.pages.page import Front, Part
from components.pages.parts import CardRow, Notice, Readings, Tone
from components.reporting.data_sections import tally
from components.reporting.evidence import Evidence
from components.reporting.readings import is_share, reading

BANNER = "All scenes behind this report are simulated: its figures prove the path, not what real SAR would give."
MIXED_BANNER = (
    "The scenes behind this report are simulated and real ({real} of {all} chips are real): its figures do not say "
    "what real SAR alone would give."
)
HEADLINES: Mapping[str, str] = {
    "fusar-gpt.count": "Ships or aircraft counted right",
    "fusar-gpt.classify": "Chips classified right",
    "fusar-gpt.land_cover": "Land cover named right",
    "fusar-gpt.describe": "Clauses of descriptions right",
    "fusar-gpt.locate": "All 3x3 positions right",
    "fusar-gpt.detect": "Boxes found (F1 at IoU 0.25)",
    "fusar-klip.i2t_r5": "Chip to text, right among first five",
    "fusar-klip.t2i_r5": "Text to chip, right among first five",
    "scio.restored": "Corrupted clauses restored by SCIO",
}
TRIVIAL = ("chance", "majority", "before")


def front(evidence: Evidence, subtitle: str) -> Front:
    """Title, banner, verdicts and headline figures of a retrain."""
    parts: list[Part] = [_notice(verdict) for verdict in evidence.registered.verdicts]
    entries = {entry["key"]: entry for entry in evidence.report["metrics"]}
    shown = [(entries[key], label) for key, label in HEADLINES.items() if key in entries and is_share(entries[key])]
    rows = [reading(entry, label, TRIVIAL, is_judged=True) for entry, label in shown]
    above = sum(row.tone == "good" for row in rows)
    caption = f"Held-out places: {above} of {len(rows)} headline figures stand above their trivial baselines."
    if rows:
        parts.append(Readings(caption, rows, are_tiles=True))
    run = evidence.registered.mlflow_run_id
    names = _names(evidence)
    title = "Retrain report" + (f": {' and '.join(names)}" if names else "")
    origin = subtitle.removeprefix(f"{', '.join(names)}: ") + (f", MLflow run {run}" if run else "")
    return Front(title, origin, _banner(evidence), _outcome(evidence), parts)


def _banner(evidence: Evidence) -> str:
    """What the chips are: all simulated, simulated and real, or (no banner) all real."""
    simulated = evidence.chips["simulated"].to_pylist()
    if all(simulated):
        return BANNER
    real = len(simulated) - sum(simulated)
    return MIXED_BANNER.format(real=real, all=len(simulated)) if evidence.simulated else ""


def _names(evidence: Evidence) -> list[str]:
    return [f"{version['model']}/{version['version']}" for version in evidence.registered.versions]


def _outcome(evidence: Evidence) -> str:
    chips = evidence.chips
    scenes, places, sensors = (len(chips[name].unique()) for name in ("scene_id", "place_id", "platform"))
    total, critical, others = tally(evidence)
    return (
        f"Made of {scenes} scenes by {sensors} sensors, cut into {chips.num_rows} chips at {places} places; "
        f"scenes set aside: {evidence.set_aside.num_rows}. Checks between the stages: {total} expectations, "
        f"critical failures: {critical}, warnings: {others}."
    )


def _notice(verdict: Mapping[str, Any]) -> Notice:
    gates = verdict["gates"]
    passed = sum(bool(gate["outcome"]["passed"]) for gate in gates)
    name = f"{verdict['model']}/{verdict['version']}"
    state = str(verdict["state"])
    rival = str(verdict["champion"])
    against = f", held against {verdict['model']}/{rival}" if rival and rival != str(verdict["version"]) else ""
    refused = [f"{gate['gate']}: {gate['outcome']['reason']}" for gate in gates if not gate["outcome"]["passed"]]
    why = f" Refused by {'; '.join(refused)}." if refused else ""
    advice = f" Next: fusar promote {name}" if verdict["passed"] and state == "challenger" else ""
    points = [
        CardRow((f"{gate['gate']}:", gate["outcome"]["reason"]), "good" if gate["outcome"]["passed"] else "bad")
        for gate in gates
    ]
    tone: Tone = "bad" if refused else "good" if state == "champion" else "doubt"
    text = f"{passed} of {len(gates)} gates passed{against}.{why}{advice}"
    return Notice(name, state, tone, text, points, "The policy's gates, one by one")
