"""Every byte that made the version is still in the DVC remote, in git and in the artifact store, and unchanged."""

from dataclasses import asdict

from components.lineage.verification import verify
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings

_TOLD = 2  # problems in the reason
_SHOWN = 50  # in the evidence; `fusar lineage verify` has all


class LineageVerified(Settings):
    """The gate has no settings: every byte is read."""


def judge(settings: LineageVerified, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Read each file once and compare it with what the version was registered with, as `fusar lineage verify` does."""
    found = verify(candidate.home, candidate.client, candidate.version)
    evidence = {
        "files": found.files,
        "bytes": found.bytes,
        "problems": [asdict(problem) for problem in found.problems[:_SHOWN]],
        "problem_count": len(found.problems),
        "notes": list(found.notes),
    }
    if found.is_whole:
        unsaid = f"; {' '.join(found.notes)}" if found.notes else ""
        told = f"{found.files} files ({found.bytes / 1e6:.1f} MB) are there and unchanged{unsaid}"
        return Outcome(True, told, evidence)
    told = "; ".join(f"{problem.path}: {problem.sentence}" for problem in found.problems[:_TOLD])
    rest = f" And {len(found.problems) - _TOLD} more: fusar lineage verify {candidate.name}."
    return Outcome(False, told + (rest if len(found.problems) > _TOLD else ""), evidence)


GATE = Gate("lineage_verified", LineageVerified, judge)
