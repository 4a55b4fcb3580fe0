"""A version's chain run anew: no lock, no run-cache, no memo, nothing that an earlier run has made."""

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from components.contract.stage import OUTPUTS_FOLDER
from components.memo.store import MEMO
from components.revisions.home import Home
from components.revisions.lock import LOCK_FILE, read_lock
from flows.children import Child, run_child
from flows.environment import child_environment
from flows.errors import StageFailed
from flows.listening import listener
from flows.stage_run import DVC

if TYPE_CHECKING:
    from components.lineage.reproduction import Reproduction

FOLDER = "reproductions"
_RUNNING = "Running stage '"


def reproduce(home: Home, asked: str) -> "Reproduction":
    """Make a version anew in a checkout of its own, compare every output, and write the result on the version.

    Args:
        home: of the repository.
        asked: MODEL@ALIAS, MODEL/VERSION, or MODEL for its champion.

    Raises:
        UnknownVersion: there is none.
        NoWorkspace: what it was made of is lost.
        StageFailed: a stage ended with an error.
        Busy: another process makes it anew.
    """
    from components.lineage.reproduction import chain_of, compare, keep
    from components.lineage.versions import open_registry, resolve
    from components.lineage.workspace import lay_out, remove
    from components.tracking.runs import Tracking

    client = open_registry(home.root)
    version = resolve(client, asked)
    name = f"{version.name}-{version.version}"
    folder = home.state / FOLDER / name
    with home.busy(f"reproduce-{name}"):
        remove(home, folder)  # of a run that was killed
        try:
            lineage = lay_out(home, client, version, folder, with_lock=False)
            started = time.monotonic()
            _run(home, folder, [stage.name for stage in chain_of(lineage)])
            seconds = time.monotonic() - started
            entries = read_lock(folder / LOCK_FILE).values()
            anew = {str(out["path"]): str(out.get("md5") or "") for entry in entries for out in entry.get("outs", ())}
            found = compare(Tracking(home.root), f"{version.name}/{version.version}", lineage, folder, anew, seconds)
        finally:
            remove(home, folder)
        keep(client, version, found)
    return found


def _run(home: Home, folder: Path, stages: Sequence[str]) -> None:
    """Run each stage for real; outputs stay in the folder, so that wrong ones never reach the shared cache."""
    shutil.rmtree(folder / OUTPUTS_FOLDER, ignore_errors=True)
    log_file = home.logs / FOLDER / f"{folder.name}.log"
    log_file.unlink(missing_ok=True)
    environment = {name: value for name, value in child_environment(home).items() if name != MEMO}
    commands = [["repro", "--single-item", "--force", "--no-run-cache", "--no-commit", stage] for stage in stages]
    hearing = _Hearing()
    try:
        code = run_child(Child((*DVC, json.dumps(commands)), folder, environment, log_file), hearing.hear)
    finally:
        hearing.end("ran" if not hearing.error else "failed")
    if code != 0:
        raise StageFailed(hearing.stage, hearing.error or f"exit code {code}", os.fspath(log_file))


class _Hearing:
    """Tells the listener which stage runs, and keeps the newest error."""

    def __init__(self) -> None:
        self.stage, self.error, self._began = "", "", 0.0

    def hear(self, line: str) -> None:
        if line.startswith(_RUNNING):
            self.end("ran")
            self.stage, self._began = line.removeprefix(_RUNNING).rstrip("':"), time.monotonic()
            listener().begin(self.stage)
        kind, _, text = line.partition(": ")
        if text and (kind == "error" or (kind == "ERROR" and not self.error)):
            self.error = text
        listener().line(line)

    def end(self, outcome: str) -> None:
        if self.stage:
            listener().end(self.stage, outcome, time.monotonic() - self._began)
