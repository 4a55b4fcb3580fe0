"""Run a command and make sure that nothing of it outlives whoever asked for it: `python -P supervisor.py COMMAND...`.

Its standard input is a pipe that only the asking process holds open, so that even kill -9 of that process closes it.
Started as a file, without the package: it imports nothing that takes time.
"""

import os
import signal
import subprocess
import sys
import threading

import psutil


def end_everything() -> None:
    """Kill all descendants, then this process group; torchrun's workers, for one, sit in sessions of their own."""
    for process in psutil.Process().children(recursive=True):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    os.killpg(0, signal.SIGKILL)


def wait_for_the_end_of_the_asker() -> None:
    """Block until the pipe closes."""
    while os.read(0, 1):
        pass
    end_everything()


def main() -> None:
    """Run the command; exit with its code, or 128 plus the signal that ended it."""
    # A handler instead of SIG_IGN: an ignored signal would stay ignored in the command.
    signal.signal(signal.SIGTERM, lambda *_: None)
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=wait_for_the_end_of_the_asker, daemon=True).start()
    code = command.wait()
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
