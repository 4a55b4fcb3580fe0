"""No critical expectation failed on the data that made the version."""

from components.registry.gates.gate import Candidate, Gate, Outcome, Settings


class NoCriticalFailure(Settings):
    """The gate has no settings."""


def judge(settings: NoCriticalFailure, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Look at the verdicts of every validation stage upstream."""
    verdicts = candidate.lineage.verdicts
    failures = [f"{verdict.stage}: {failure}" for verdict in verdicts for failure in verdict.critical_failures]
    checks = sum(verdict.checks for verdict in verdicts)
    warnings = [f"{verdict.stage}: {warning}" for verdict in verdicts for warning in verdict.warnings]
    evidence = {"checks": checks, "critical_failures": failures, "warnings": warnings}
    if checks == 0:
        return Outcome(False, "no expectation was checked", evidence)
    return Outcome(not failures, "; ".join(failures) or f"none in {checks} expectations", evidence)


GATE = Gate("no_critical_failure", NoCriticalFailure, judge)
