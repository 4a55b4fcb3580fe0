"""What may differ between one campaign of scenes and another: the calibration of the sensor, the season."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np

from components.simulation.covers import BARE, CROPLAND, GRASSLAND, TREES
from components.simulation.fields import FloatArray
from components.simulation.ground import CLASSES


@dataclass(frozen=True)
class Conditions:
    """How scenes differ from those of the catalogues, which are taken in summer by a calibrated sensor.

    Attributes:
        calibration_db: what a wrong calibration adds to every pixel [dB].
        cover_db: what the season adds to the level of single covers, by records.landcover code [dB].
    """

    calibration_db: float = 0.0
    cover_db: Mapping[int, float] = field(default_factory=dict)

    def season_db(self) -> FloatArray:
        """What the season adds to each cover [dB], indexed by records.landcover code; (7,) float64."""
        return np.array([self.cover_db.get(code, 0.0) for code in range(CLASSES)])

    @property
    def gain(self) -> float:
        """Factor of the calibration on power [1]; exactly 1 where it is right."""
        return float(10 ** (self.calibration_db / 10))


NOMINAL: Final = Conditions()
# Bare fields and leafless trees are darker than standing crops and leaves, wet bare ground is brighter [inferred].
SEASONS: Final[Mapping[str, Mapping[int, float]]] = MappingProxyType(
    {"summer": {}, "winter": {TREES: -1.5, CROPLAND: -3.0, GRASSLAND: -1.0, BARE: 1.5}}
)
