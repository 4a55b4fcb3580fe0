"""The served version answers its input example fast enough."""

from pydantic import Field

from components.registry.gates.gate import Candidate, Gate, Outcome, Settings


class Latency(Settings):
    """Settings of the gate."""

    max_median_ms: float = Field(gt=0, description="Longest median time of one request of the input example [ms].")


def judge(settings: Latency, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Time requests one after the other on the server that the gate `serves` asks too, after its smoke prompts.

    The figure is one of this machine, under whatever else it does.
    """
    served = candidate.served
    milliseconds = [round(1000 * seconds, 3) for seconds in served.seconds]
    if not milliseconds:
        return Outcome(False, "nothing to time: it did not boot or left a smoke prompt unanswered", {"ms": []})
    median = 1000 * served.median_s
    evidence = {"median_ms": round(median, 3), "ms": milliseconds}
    told = f"median of {len(milliseconds)} requests is {median:.1f} ms, allowed {settings.max_median_ms:g} ms"
    return Outcome(median <= settings.max_median_ms, told, evidence)


GATE = Gate("latency", Latency, judge)
