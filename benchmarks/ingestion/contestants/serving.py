"""The loop of a contestant: it is loaded once, and cuts when it is told to. It needs nothing but Python.

A line on stdin is a round: `time` answers its seconds, `check` answers chips and the sum of all samples that came out
(null where they are no samples of the scene). The last line of an answer is JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Cut = Callable[[], Iterator[Any]]


def serve(cut: Cut, gives_samples: bool = True, written: Path | None = None) -> None:
    """Answer rounds until stdin ends.

    Args:
        cut: makes all chips, one after the other, as arrays; anything else counts as one chip without samples.
        gives_samples: whether the arrays hold the scene's own samples.
        written: a folder whose files go before each round: a scene is cut where nothing lies yet.
    """
    for line in sys.stdin:
        for file in written.glob("*") if written is not None else ():
            file.unlink()
        if line.strip() == "check":
            answer = _checked(cut, gives_samples)
        else:
            began = time.perf_counter()
            for _ in cut():
                pass
            answer = {"seconds": time.perf_counter() - began}
        print(json.dumps({**answer, "rss_mib": _peak_mib()}), flush=True)


def _peak_mib() -> float:
    """Most memory that was resident, by Linux: `getrusage` begins with what the program that started this one had."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _checked(cut: Cut, gives_samples: bool) -> dict[str, Any]:
    chips, total = 0, 0.0
    for chip in cut():
        chips += 1
        if gives_samples:
            total += float(chip.sum(dtype="float64"))
    return {"chips": chips, "sum": total if gives_samples else None}
