"""How far a stage is, by what it prints."""

import re
import time

SECONDS_BETWEEN = 5.0
# `learn 120/250 loss 1.2` (components.contract.progress), or a percentage; no date, ratio of paths or decimal.
_STEP = re.compile(r"(?<![\w/.-])(\d{1,9})/(\d{1,9})(?![\w/.])")
_PERCENT = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d+)?) ?%")


def share_done(line: str) -> float | None:
    """Share of the work that a line says is done [0, 1]; None when it says nothing of the kind."""
    step, percent = _STEP.search(line), _PERCENT.search(line)
    done, total = (float(step[1]), float(step[2])) if step else (float(percent[1]), 100.0) if percent else (0.0, 0.0)
    return done / total if 0 <= done <= total and total else None


class Throttle:
    """Lets a line through at once when another step speaks, and one every few seconds of the same step."""

    def __init__(self) -> None:
        self._step, self._shown = "", 0.0

    def lets_through(self, step: str) -> bool:
        """Whether enough time has passed since the last line that was let through."""
        now = time.monotonic()
        if step == self._step and now - self._shown < SECONDS_BETWEEN:
            return False
        self._step, self._shown = step, now
        return True
