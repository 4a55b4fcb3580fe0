"""How bright the ground should be: backscatter as a linear function of AlphaEarth and of the incidence angle.

Scenes differ by what lies in them far more than by a decibel of calibration. AlphaEarth knows what lies there: what is
left after it is the sensor, the season and the weather. One ridge regression for each sensor and polarisation, over
the cells of all scenes; each scene of the baseline is judged by a fit without its own part of the places, so that it is
as new to that fit as a new scene is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from components.monitoring.observing import BANDS, Cells, SceneObservation, features_of

Floats = npt.NDArray[np.float64]
Key = tuple[str, str]  # sensor, polarisation
FEATURES: Final = BANDS + 2
FOLDS: Final = 20
LEAST_SCENES: Final = 12  # fewer give no fit worth the name: 66 coefficients
# Keeps coefficients small in directions of AlphaEarth that hardly occur; share of a feature's mean square.
_RIDGE: Final = 1e-3


@dataclass
class _Sums:
    """What a least-squares fit needs of the cells of one sensor and polarisation, by part of the places."""

    products: Floats = field(default_factory=lambda: np.zeros((FOLDS, FEATURES, FEATURES)))
    responses: Floats = field(default_factory=lambda: np.zeros((FOLDS, FEATURES)))
    scenes: int = 0

    def add(self, fold: int, features: Floats, levels: Floats) -> None:
        # Each scene weighs the same, however many cells it has.
        self.products[fold] += features.T @ features / len(features)
        self.responses[fold] += features.T @ levels / len(features)
        self.scenes += 1

    def fit(self, without: int | None) -> Floats:
        """Coefficients (66,) of all parts, or of all but one."""
        kept = [fold for fold in range(FOLDS) if fold != without]
        products, responses = self.products[kept].sum(axis=0), self.responses[kept].sum(axis=0)
        penalty = _RIDGE * np.trace(products) / FEATURES * np.eye(FEATURES)
        penalty[0, 0] = 0.0  # the mean level is free
        return np.asarray(np.linalg.solve(products + penalty, responses))


class GroundFits:
    """Fits of all sensors, gathered scene by scene."""

    def __init__(self) -> None:
        self._sums: dict[Key, _Sums] = {}

    def add(self, scene: SceneObservation, cells: Cells | None) -> None:
        """Take the cells of one scene of the baseline."""
        if cells is None:
            return
        for name, levels in cells.levels.items():
            sums = self._sums.setdefault((scene.sensor, name), _Sums())
            sums.add(_fold(scene.place_id), cells.features, levels)

    def coefficients(self) -> dict[Key, Floats]:
        """Coefficients (66,) by sensor and polarisation, where enough scenes were seen."""
        return {key: sums.fit(None) for key, sums in sorted(self._sums.items()) if sums.scenes >= LEAST_SCENES}

    def left_over(self, scenes: Sequence[SceneObservation]) -> list[Mapping[str, float]]:
        """By scene and polarisation: level minus what fits without the scene's part of the places expect [dB]."""
        fits: dict[tuple[str, str, int], Floats] = {}
        answers: list[Mapping[str, float]] = []
        for scene in scenes:
            fold, found = _fold(scene.place_id), {}
            for name in scene.planes:
                sums = self._sums.get((scene.sensor, name))
                if scene.ground is None or sums is None or sums.scenes < LEAST_SCENES:
                    continue
                key = (scene.sensor, name, fold)
                if key not in fits:
                    fits[key] = sums.fit(fold)
                found[name] = left_over(scene, name, fits[key])
            answers.append(found)
        return answers


def left_over(scene: SceneObservation, polarization: str, coefficients: Floats) -> float:
    """Mean level of a scene's cells minus what the ground below them and the angle let expect [dB].

    The scene must have a ground.
    """
    assert scene.ground is not None
    # A linear function of the mean features is the mean of the function: the cells themselves are not needed.
    expected = features_of(scene.ground[None], scene.incidence)[0] @ coefficients
    return float(scene.planes[polarization].level - expected)


def _fold(place_id: str) -> int:
    return int.from_bytes(hashlib.sha256(place_id.encode()).digest()[:4], "big") % FOLDS
