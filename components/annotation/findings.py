"""What a step of HCoT hands to the next: a code per field and what it rests on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from components.annotation.facts import ChipFacts
from components.annotation.rules import Rules


@dataclass(frozen=True)
class Finding:
    """A field's code, so far.

    Attributes:
        code: from the field's closed list.
        evidence: which sources decided it. It never repeats the measured amount that the code expresses: a clause
            that is corrupted on purpose keeps its evidence, which would otherwise tell on it.
    """

    code: str
    evidence: str


Findings = Mapping[str, Finding]
Think = Callable[[ChipFacts, Findings, Rules], Findings]


@dataclass(frozen=True)
class Step:
    """One step of HCoT: `think` sees the chip and what was found so far, and returns the fields that it decides."""

    name: str
    think: Think
