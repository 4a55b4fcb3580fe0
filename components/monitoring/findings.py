"""What a comparison found: each test with its p-value, and what it means for a person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.stats import false_discovery_control

# What was compared, and what it means when it differs.
MEANINGS: Final = {
    "ground level": "brighter or darker than the ground below lets expect: calibration, processor, season, weather",
    "dark end": "5 % of the darkest pixels: noise floor, water, asphalt",
    "middle": "median backscatter: another mix of covers, or another level",
    "bright end": "5 % of the brightest pixels: towns, ships, saturation",
    "image": "embeddings of FUSAR-KLIP: what the models see has changed",
    "ground": "AlphaEarth: the scenes lie on other ground",
    "land_cover": "FUSAR-GPT gives other answers to: what is the main land cover?",
    "class": "FUSAR-GPT gives other answers to: which class is this chip?",
}


@dataclass(frozen=True)
class Finding:
    """One test.

    Attributes:
        what: key of MEANINGS.
        sensor: of the scenes; "" for a test over all sensors.
        polarization: "" where none takes part.
        old: scenes of the baseline that were compared.
        new: new scenes that were compared.
        shift: median of the new scenes minus that of the old ones [dB; codes of an amplitude]; NaN where there is none.
        p: chance of a difference as large where nothing has drifted [0..1].
        corrected: the same after Benjamini and Hochberg's correction for all tests of the comparison [0..1].
    """

    what: str
    sensor: str
    polarization: str
    old: int
    new: int
    shift: float
    p: float
    corrected: float = 1.0

    @property
    def subject(self) -> str:
        """What was tested, in words."""
        where = " ".join(part for part in (self.sensor, self.polarization) if part)
        return f"{self.what}, {where}" if where else self.what

    def entry(self) -> dict[str, Any]:
        """As JSON types."""
        shift = round(self.shift, 3) if np.isfinite(self.shift) else None
        return {**vars(self), "shift": shift}


@dataclass(frozen=True)
class Drift:
    """The whole comparison.

    Attributes:
        findings: every test, the surest first.
        unknown: sensors, or polarisations of a sensor, that the baseline does not hold: drift without any test.
        untested: what was not compared, each with its reason.
        level: chance of any finding where nothing has drifted [0..1].
    """

    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]
    untested: tuple[str, ...]
    level: float

    @property
    def drifted(self) -> tuple[Finding, ...]:
        """Tests that found something at the level."""
        return tuple(finding for finding in self.findings if finding.corrected <= self.level)

    @property
    def is_found(self) -> bool:
        """Whether anything has drifted."""
        return bool(self.drifted or self.unknown)

    def in_words(self) -> tuple[str, ...]:
        """One line for each thing that has drifted."""
        return (
            *(f"new to the baseline: {name}" for name in self.unknown),
            *(f"{found.subject}{_shifted(found)} (p {found.corrected:.2g})" for found in self.drifted),
        )


def corrected(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings with their corrected p-values, the surest first.

    Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995); where nothing has drifted, any finding at all has at
    most the level's chance.
    """
    if not findings:
        return ()
    values = false_discovery_control([finding.p for finding in findings])
    found = [replace(finding, corrected=float(value)) for finding, value in zip(findings, values, strict=True)]
    return tuple(sorted(found, key=lambda finding: (finding.corrected, finding.p, finding.subject)))


def _shifted(found: Finding) -> str:
    unit = "codes" if found.sensor.endswith("amplitude") else "dB"
    return f" {found.shift:+.2f} {unit}" if np.isfinite(found.shift) else ""
