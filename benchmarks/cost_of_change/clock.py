"""What the command of a stage took, within the DVC command that starts it."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.timing import NOTHING, Spent

_SHIM = """#!{python} -SE
import json, os, subprocess, sys, time
began = time.perf_counter()
code = subprocess.call([{python!r}, *sys.argv[1:]])
used = os.times()
spent = [time.perf_counter() - began, used.children_user + used.children_system]
with open({file!r}, "w") as file:
    json.dump(spent, file)
sys.exit(code)
"""


class CommandClock:
    """Times the command that DVC starts within a stage: a `python` that stands first on the path and tells its time."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / "spent.json"
        folder.mkdir(parents=True, exist_ok=True)
        shim = folder / "python"
        shim.write_text(_SHIM.format(python=sys.executable, file=str(self._file)), encoding="utf-8")
        shim.chmod(0o755)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The same variables with the clock on the path; what was told before is forgotten."""
        self._file.unlink(missing_ok=True)
        return {**base, "PATH": os.pathsep.join((str(self._folder), base["PATH"]))}

    def read(self) -> Spent:
        """What the newest command took; nothing where DVC started none."""
        return Spent(*json.loads(self._file.read_text())) if self._file.exists() else NOTHING
