"""New scenes and answers beside a baseline: which tests are made, of what, and what they found."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from components.monitoring.answers import QUESTIONS, SceneAnswers
from components.monitoring.baseline import Baseline
from components.monitoring.findings import Drift, Finding, corrected
from components.monitoring.ground import left_over
from components.monitoring.observing import SceneObservation, quantiles_of
from components.monitoring.policy import MonitoringPolicy
from components.monitoring.two_samples import Exchanges, Stratum, counts_test, mmd_test, shape_test, shift_test

Floats = npt.NDArray[np.float64]
Key = tuple[str, str]  # sensor, polarisation
Samples = tuple[Floats, Floats]  # one value for each old scene, and for each new one
SHARES: Final = {"dark end": 0.05, "middle": 0.5, "bright end": 0.95}


@dataclass(frozen=True, eq=False)
class NewScenes:
    """Scenes that arrived: what their chips say, and their mean embeddings by id."""

    observations: Sequence[SceneObservation] = ()
    images: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class NewAnswers:
    """Answers to scenes of the evaluation and to new ones."""

    old: Sequence[SceneAnswers] = ()
    new: Sequence[SceneAnswers] = ()


class Comparison:
    """New scenes beside the baseline of a version."""

    def __init__(self, baseline: Baseline, scenes: NewScenes, answers: NewAnswers, policy: MonitoringPolicy) -> None:
        """Take both sides; scenes of the baseline among the new ones must have been left out."""
        self.baseline, self.scenes, self.answers, self.policy = baseline, scenes, answers, policy
        self._untested: list[str] = []
        self._exchanges = Exchanges(policy.permutations, policy.seed)

    def run(self) -> Drift:
        """Every test that can be made, with its corrected p-value."""
        found = [*self._backscatter(), *self._images(), *self._ground(), *self._answers()]
        return Drift(corrected(found), self._unknown(), tuple(self._untested), self.policy.level)

    def quantiles(self) -> dict[str, dict[Key, Samples]]:
        """Quantiles of each scene's pixels by name of the test, sensor and polarisation [dB; codes of an amplitude]."""
        shares = np.array(list(SHARES.values()))
        old, new = (
            _by_plane(scenes, lambda scene, name: quantiles_of(scene.planes[name].histogram, shares, scene.sensor))
            for scenes in ([known.observation for known in self.baseline.scenes], self.scenes.observations)
        )
        return {
            test: {key: (old[key][:, place], new[key][:, place]) for key in sorted(old.keys() & new.keys())}
            for place, test in enumerate(SHARES)
        }

    def levels(self) -> dict[Key, Samples]:
        """Level of each scene beyond what its ground and angle let expect, by sensor and polarisation [dB]."""
        old: dict[Key, list[float]] = {}
        for known in self.baseline.scenes:
            for name, value in known.left_over.items():
                old.setdefault((known.observation.sensor, name), []).append(value)
        new: dict[Key, list[float]] = {}
        for scene in self.scenes.observations:
            for name in scene.planes:
                fit = self.baseline.ground.get((scene.sensor, name))
                if scene.ground is not None and fit is not None:
                    new.setdefault((scene.sensor, name), []).append(left_over(scene, name, fit))
        return {key: (np.array(old[key]), np.array(new[key])) for key in sorted(old.keys() & new.keys())}

    def images(self) -> dict[str, Samples]:
        """Mean embeddings by sensor, (N, E) of held-out old scenes and (M, E) of new ones."""
        old, new = (
            _by_sensor((scene.sensor, vector) for scene, vector in pairs)
            for pairs in (
                [(known.observation, known.image) for known in self.baseline.scenes],
                [(scene, self.scenes.images.get(scene.scene_id)) for scene in self.scenes.observations],
            )
        )
        return {sensor: (old[sensor], new[sensor]) for sensor in sorted(old.keys() & new.keys())}

    def _unknown(self) -> tuple[str, ...]:
        known: dict[str, set[str]] = {}
        for scene in self.baseline.scenes:
            known.setdefault(scene.observation.sensor, set()).update(scene.observation.planes)
        found = set()
        for new in self.scenes.observations:
            if new.sensor not in known:
                found.add(f"sensor {new.sensor}")
            else:
                found |= {
                    f"polarisation {name} of {new.sensor}" for name in new.planes if name not in known[new.sensor]
                }
        return tuple(sorted(found))

    def _backscatter(self) -> Iterator[Finding]:
        for test, planes in self.quantiles().items():
            yield from self._of_planes(test, planes, shape_test)
        yield from self._of_planes("ground level", self.levels(), shift_test)

    def _of_planes(
        self, what: str, planes: Mapping[Key, Samples], test: Callable[[Floats, Floats], float]
    ) -> Iterator[Finding]:
        for (sensor, name), samples in planes.items():
            old, new = (values[np.isfinite(values)] for values in samples)
            if self._is_enough(f"{what}, {sensor} {name}", len(old), len(new)):
                shift = float(np.median(new) - np.median(old))
                yield Finding(what, sensor, name, len(old), len(new), shift, test(old, new))

    def _images(self) -> Iterator[Finding]:
        yield from self._of_vectors("image", self.images())

    def _ground(self) -> Iterator[Finding]:
        old, new = (
            _by_sensor((scene.sensor, scene.ground) for scene in scenes)
            for scenes in ([known.observation for known in self.baseline.scenes], self.scenes.observations)
        )
        yield from self._of_vectors("ground", {key: (old[key], new[key]) for key in sorted(old.keys() & new.keys())})

    def _of_vectors(self, what: str, sensors: Mapping[str, Samples]) -> Iterator[Finding]:
        kept = [
            samples
            for sensor, samples in sensors.items()
            if self._is_enough(f"{what}, {sensor}", len(samples[0]), len(samples[1]))
        ]
        if kept:
            strata = [_stratum(old, new) for old, new in kept]
            old, new = (sum(len(samples[side]) for samples in kept) for side in (0, 1))
            yield Finding(what, "", "", old, new, float("nan"), mmd_test(strata, self._exchanges))

    def _answers(self) -> Iterator[Finding]:
        for question in QUESTIONS if self.answers.new else ():
            old, new = (
                [found for found in side if found.question == question] for side in (self.answers.old, self.answers.new)
            )
            strata = [
                stratum
                for name, stratum in _answer_strata(old, new).items()
                if self._is_enough(f"{question}, {name or 'all sensors'}", *_sides(stratum))
            ]
            if strata:
                counts = [sum(side) for side in zip(*map(_sides, strata), strict=True)]
                p = counts_test(strata, self._exchanges)
                yield Finding(question, "", "", counts[0], counts[1], float("nan"), p)

    def _is_enough(self, what: str, old: int, new: int) -> bool:
        least = self.policy.least_scenes
        if old >= least and new >= least:
            return True
        self._untested.append(f"{what}: {old} scenes of the baseline, {new} new ones; {least} of each are needed")
        return False


def _by_plane(
    scenes: Sequence[SceneObservation], value: Callable[[SceneObservation, str], Floats]
) -> dict[Key, Floats]:
    found: dict[Key, list[Floats]] = {}
    for scene in scenes:
        for name in scene.planes:
            found.setdefault((scene.sensor, name), []).append(value(scene, name))
    return {key: np.stack(values) for key, values in found.items()}


def _by_sensor(pairs: Iterator[tuple[str, Floats | None]]) -> dict[str, Floats]:
    found: dict[str, list[Floats]] = {}
    for sensor, vector in pairs:
        if vector is not None:
            found.setdefault(sensor, []).append(vector)
    return {sensor: np.stack(vectors) for sensor, vectors in found.items()}


def _stratum(old: Floats, new: Floats) -> Stratum:
    return Stratum(np.concatenate([old, new]), np.repeat([False, True], [len(old), len(new)]))


def _sides(stratum: Stratum) -> tuple[int, int]:
    new = int(stratum.is_new.sum())
    return len(stratum.is_new) - new, new


def _answer_strata(old: Sequence[SceneAnswers], new: Sequence[SceneAnswers]) -> dict[str, Stratum]:
    """Counts of answers by platform; where the platform of any new scene is not known, all scenes together."""
    names = sorted({answer for found in (*old, *new) for answer in found.counts})
    is_known = all(found.platform for found in new)

    def counts(found: SceneAnswers) -> list[int]:
        return [found.counts.get(name, 0) for name in names]

    platforms = sorted({found.platform for found in new}) if is_known else [""]
    strata = {}
    for platform in platforms:
        sides = [[counts(found) for found in side if platform in ("", found.platform)] for side in (old, new)]
        flags = np.repeat([False, True], [len(side) for side in sides])
        strata[platform] = Stratum(np.array([*sides[0], *sides[1]], float).reshape(-1, len(names)), flags)
    return strata
