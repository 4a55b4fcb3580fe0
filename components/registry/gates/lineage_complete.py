"""Everything that made the version is known, and every output was made by a run."""

from pydantic import Field

from components.lineage.record import made_by_hand, missing_parts
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings


class LineageComplete(Settings):
    """Settings of the gate."""

    allow_made_by_hand: bool = Field(description="Whether outputs that no MLflow run answers for may go live.")


def judge(settings: LineageComplete, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Look for missing parts of the record, and for stages that ran outside the flow."""
    missing = missing_parts(candidate.lineage)
    by_hand = made_by_hand(candidate.lineage)
    evidence = {"missing": list(missing), "made_by_hand": list(by_hand)}
    if missing:
        return Outcome(False, f"missing: {', '.join(missing)}", evidence)
    if by_hand and not settings.allow_made_by_hand:
        return Outcome(False, f"no run made the outputs of {', '.join(by_hand)}", evidence)
    stages, scenes = len(candidate.lineage.stages), len(candidate.lineage.scenes)
    return Outcome(True, f"{stages} stages and {scenes} scenes, all with their md5", evidence)


GATE = Gate("lineage_complete", LineageComplete, judge)
