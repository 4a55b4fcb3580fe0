"""Ends what a fleet of a test has left, once that test is over, by kill -9 too: its input is a pipe that only the test
holds open. `python reaper.py`, then lines `group PID`, `space NAMESPACE`, `folder PATH`; after `done` it does nothing.
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress


class Reaper:
    """The test's end of the pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", __file__], stdin=subprocess.PIPE, start_new_session=True, text=True, bufsize=1
        )

    def tell(self, kind: str, what: object) -> None:
        """There is one more thing to end: a process group, a namespace with all in it, a folder."""
        assert self._process.stdin
        self._process.stdin.write(f"{kind} {what}\n")

    def done(self) -> None:
        """Everything has been ended properly."""
        self.tell("done", "")
        self._process.communicate()


def end(kind: str, what: str) -> None:
    """End one thing, whether or not it still is."""
    if kind == "group":
        with suppress(ProcessLookupError):
            os.killpg(int(what), signal.SIGKILL)
    elif kind == "space":
        inside = subprocess.run(["ip", "netns", "pids", what], capture_output=True, text=True, check=False)
        for process in inside.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        subprocess.run(["ip", "netns", "delete", what], capture_output=True, check=False)
    else:
        shutil.rmtree(what, ignore_errors=True)


def main() -> None:
    told = [line.strip().partition(" ") for line in sys.stdin]
    if told and told[-1][0] == "done":
        return
    for kind, _, what in sorted(told, key=lambda line: line[0] == "folder"):  # folders last: nobody writes there then
        end(kind, what)


if __name__ == "__main__":
    main()
