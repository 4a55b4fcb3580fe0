"""The version boots in a fresh process through `mlflow models serve` and answers the smoke prompts in their form."""

from dataclasses import asdict

from pydantic import Field

from components.registry.gates.gate import Candidate, Gate, Outcome, Settings


class Serves(Settings):
    """Settings of the gate."""

    max_boot_s: float = Field(gt=0, le=240, description="Longest time until the server answers [s], at most 240.")
    min_in_form: float = Field(ge=0, le=1, description="Least share of answers in the form that was asked for [1].")


def judge(settings: Serves, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Send its input example and a few questions; each must be answered with 200, one answer for each row.

    Of fusar-gpt a number, a class and a land cover are asked for the example's chip; of fusar-klip vectors of length 1
    for the chip and for captions.
    """
    served = candidate.served
    rows = sum(one.rows for one in served.answered)
    in_form = sum(one.in_form for one in served.answered)
    evidence = {
        "boot_s": round(served.boot_s, 3),
        "in_form": in_form,
        "answers": rows,
        "prompts": [asdict(one) for one in served.answered],
    }
    if served.problem:
        return Outcome(False, f"does not boot: {served.problem}", evidence)
    failed = [f"{one.prompt}: {one.problem}" for one in served.answered if one.problem]
    if failed:
        return Outcome(False, "; ".join(failed), evidence)
    told = f"boots in {served.boot_s:.1f} s; {in_form} of {rows} answers in the form asked for"
    if served.boot_s > settings.max_boot_s:
        return Outcome(False, f"{told}; may take {settings.max_boot_s:g} s to boot", evidence)
    is_enough = in_form >= settings.min_in_form * rows
    return Outcome(is_enough, told if is_enough else f"{told}, needed {settings.min_in_form:.0%}", evidence)


GATE = Gate("serves", Serves, judge)
