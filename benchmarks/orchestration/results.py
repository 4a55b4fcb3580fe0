"""What was measured, as a table for people and as JSON with the facts of the machine."""

import datetime
import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.orchestration.measuring import Summary

OUR_PACKAGES = ("prefect", "dvc", "mlflow")
PEER_PACKAGES = ("zenml", "metaflow")


@dataclass(frozen=True)
class Comparison:
    """A figure that has a limit or stands beside a peer's.

    Attributes:
        what: in words.
        value: the figure.
        unit: s, x (a ratio) or %.
        limit: what it may not exceed; None where it only informs.
    """

    what: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the figure keeps its limit; a figure that is no number keeps none."""
        return self.limit is None or self.value <= self.limit


def machine_facts() -> dict[str, Any]:
    """Processor, cores, memory [GiB], system and Python of this machine; no names and no paths."""
    models = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": models[0].partition(": ")[2] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def versions(peers_python: Path | None = None) -> dict[str, str]:
    """Versions of what is measured, by package."""
    found = {name: version(name) for name in OUR_PACKAGES}
    if peers_python is not None:
        ask = f"from importlib.metadata import version; print(*[version(name) for name in {PEER_PACKAGES}])"
        said = subprocess.run([str(peers_python), "-c", ask], capture_output=True, text=True, check=True).stdout
        found.update(zip(PEER_PACKAGES, said.split(), strict=True))
    return found


def as_json(summaries: Mapping[str, Summary], comparisons: Sequence[Comparison], facts: Mapping[str, Any]) -> str:
    """Everything: facts, comparisons, and by contestant the medians and every sample [s], in the order of rounds."""
    contestants = {
        name: {
            "median_wall_s": summary.wall_s,
            "median_cpu_s": summary.cpu_s,
            "median_call_s": summary.call_s,
            "samples": [asdict(sample) for sample in summary.samples],
        }
        for name, summary in summaries.items()
    }
    compared = [{**asdict(comparison), "is_met": comparison.is_met} for comparison in comparisons]
    date = datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes")
    content = {"date": date, **facts, "comparisons": compared, "contestants": contestants}
    return json.dumps(_without_nan(content), indent=1) + "\n"


def table_of(summaries: Mapping[str, Summary]) -> Table:
    """Medians by contestant [s], with the range of the wall clock."""
    table = Table("contestant", title="median seconds of whole processes, warm")
    for column in ("wall", "shortest", "longest", "processor", "the call itself"):
        table.add_column(column, justify="right")
    for name, summary in summaries.items():
        call = "" if math.isnan(summary.call_s) else f"{summary.call_s:.2f}"
        walls = (summary.wall_s, *summary.spread_s)
        table.add_row(name, *(f"{seconds:.2f}" for seconds in walls), f"{summary.cpu_s:.2f}", call)
    return table


def comparison_table(comparisons: Sequence[Comparison]) -> Table:
    """Each figure beside its limit."""
    table = Table("figure")
    for column in ("value", "limit", ""):
        table.add_column(column, justify="right")
    for comparison in comparisons:
        limit = "" if comparison.limit is None else f"<= {comparison.limit:g} {comparison.unit}"
        verdict = "" if comparison.limit is None else "met" if comparison.is_met else "MISSED"
        table.add_row(comparison.what, f"{comparison.value:.2f} {comparison.unit}", limit, verdict)
    return table


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _without_nan(content: Any) -> Any:
    """JSON knows no NaN: what was not measured is null."""
    if isinstance(content, dict):
        return {name: _without_nan(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content
