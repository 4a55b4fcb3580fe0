"""DVC commands one after the other in one process: `python -P dvc_commands.py '[["repro", "x"], ["push", "x"]]'`.

Starting Python and importing DVC costs half a second a command, which every stage would pay twice. Run by its path, so
that it is this program's and not the checkout's.
"""

import json
import sys


def main() -> int:
    """Exit code of the first command that fails, else 0."""
    from dvc.cli import main as dvc

    for command in json.loads(sys.argv[1]):
        if code := dvc(command):
            return int(code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
