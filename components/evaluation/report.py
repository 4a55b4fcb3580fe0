"""What the stage tells: figures with interval, size and baselines, as report.json and as flat metrics."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from components.scores.bootstrap import Estimate

Slices = Mapping[str, Mapping[str, Estimate]]


@dataclass(frozen=True)
class Metric:
    """One figure.

    Attributes:
        key: its name among the flat metrics.
        model: fusar-klip or fusar-gpt.
        task: task of the model.
        name: figure of the task.
        variant: AlphaEarth that was given: correct; "none" where it takes no part.
        estimate: value with its 95 % interval over places.
        baselines: values of what needs no image or gets the wrong input: majority, chance, shuffled, absent, before.
        differences: value minus a baseline on the same items, by the baseline's name.
        slices: the value by platform, family, ...
        is_better_high: whether more is better.
    """

    key: str
    model: str
    task: str
    name: str
    variant: str
    estimate: Estimate
    baselines: Mapping[str, float]
    differences: Mapping[str, Estimate] = field(default_factory=dict)
    slices: Slices = field(default_factory=dict)
    is_better_high: bool = True

    def entry(self) -> dict[str, Any]:
        """As it stands in report.json."""
        names = {"model": self.model, "task": self.task, "name": self.name, "variant": self.variant}
        names |= {"key": self.key, "better": "high" if self.is_better_high else "low"}
        differences = {f"difference_to_{name}": asdict(value) for name, value in self.differences.items()}
        return {**names, **asdict(self.estimate), "baselines": dict(self.baselines), **differences}

    def flat(self) -> dict[str, float]:
        """As it stands among the stage's metrics: KEY, KEY.low, KEY.high, KEY.n, KEY.majority, KEY.minus_majority."""
        found = {
            self.key: self.estimate.value,
            f"{self.key}.low": self.estimate.low,
            f"{self.key}.high": self.estimate.high,
            f"{self.key}.n": float(self.estimate.n),
        }
        found |= {f"{self.key}.{name}": value for name, value in self.baselines.items()}
        for name, difference in self.differences.items():
            found[f"{self.key}.minus_{name}"] = difference.value
            found[f"{self.key}.minus_{name}.low"] = difference.low
            found[f"{self.key}.minus_{name}.high"] = difference.high
        return found


@dataclass(frozen=True)
class Report:
    """All figures of one evaluation, and which answer was taken for which.

    Attributes:
        is_simulated: whether any of its chips is simulated.
        has_real: whether any of them is not.
    """

    split: str
    chips: int
    is_simulated: bool
    has_real: bool
    metrics: Sequence[Metric]
    confusions: Mapping[str, Mapping[str, Any]]

    @property
    def _data(self) -> str:
        if self.is_simulated and self.has_real:
            return "simulated and real scenes: figures do not say what real SAR alone gives"
        simulated = "simulated scenes: figures show that the path works, not what real SAR gives"
        return simulated if self.is_simulated else "measured scenes"

    def write(self, path: Path) -> None:
        """Write report.json: sorted keys, null where there is no value."""
        content = {
            "simulated": self.is_simulated,
            "data": self._data,
            "split": self.split,
            "chips": self.chips,
            "interval": "95 %, percentile bootstrap over places",
            "metrics": [metric.entry() for metric in self.metrics],
            "slices": {metric.key: _sliced(metric.slices) for metric in self.metrics if metric.slices},
            "confusions": self.confusions,
        }
        text = json.dumps(_without_nan(content), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")

    def flat(self) -> dict[str, float]:
        """Every value by name; what has no value (no interval at one place) is left out."""
        found = {name: value for metric in self.metrics for name, value in metric.flat().items()}
        return {name: value for name, value in found.items() if math.isfinite(value)}


def _sliced(slices: Slices) -> dict[str, dict[str, Any]]:
    return {by: {name: asdict(value) for name, value in sorted(groups.items())} for by, groups in slices.items()}


def _without_nan(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
