"""DVC commands one after the other in one process: `python -P dvc_commands.py '[["repro", "x"], ["push", "x"]]'`.

Starting Python and importing DVC costs half a second a command, which every stage would pay twice. Run by its path, so
that it is this program's and not the checkout's.
"""

import json
import signal
import sys
from types import FrameType

import psutil


def end_after_the_stage(number: int, frame: FrameType | None) -> None:
    """End on SIGTERM, unless a stage's command runs: it has the signal too, and may need its grace for a checkpoint."""
    if not psutil.Process().children():
        raise SystemExit(128 + number)


def main() -> int:
    """Exit code of the first command that fails, else 0."""
    from dvc.cli import main as dvc

    signal.signal(signal.SIGTERM, end_after_the_stage)

    for command in json.loads(sys.argv[1]):
        if code := dvc(command):
            return int(code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
