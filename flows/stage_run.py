"""Bringing one stage up to date in a checkout: the one function that the laptop and a worker call."""

import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from socket import gethostname
from typing import Any, Literal

from components.contract.errors import FusarError
from components.lineage.journal import journal_url
from components.revisions.checkout import Checkout
from components.revisions.errors import Poisoned
from components.revisions.home import Home
from components.revisions.leases import lease
from components.revisions.lock import Entries, check_joined, keep, read_lock, write_lock
from components.revisions.outputs import check_outputs, remove_refused
from components.revisions.run_cache import drop_half_entries
from components.revisions.staleness import StageState, entry_before_run
from components.tracking.keys import input_key
from flows.children import Child, run_child
from flows.environment import child_environment
from flows.errors import StageFailed, StepFailed
from flows.listening import listener
from flows.patience import patience_with
from flows.recording import Recorder, StageRecord
from flows.result import StageOutcome

DVC = (sys.executable, "-P", str(Path(__file__).with_name("dvc_commands.py")))
_NOWHERE = "Checkout failed for following targets"


@dataclass
class Work:
    """One retrain on its way.

    Attributes:
        home: where state is kept.
        checkout: where stages run.
        recorder: of its MLflow runs.
        entries: lock entries of the stages that are up to date, and of no others.
        pools: work pool of each stage, as the commit declares it.
        elsewhere: outputs that workers made: here they are pulled before anybody reads them.
    """

    home: Home
    checkout: Checkout
    recorder: Recorder
    entries: Entries = field(default_factory=dict)
    pools: Mapping[str, str] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)


def bring_up_to_date(work: Work, state: StageState, is_forced: bool) -> StageOutcome:
    """Restore or run one stale stage, share its result and keep its lock entry.

    Of all machines that share the DVC remote, one at a time runs a stage with the same inputs: the others wait, and
    restore what it made.

    Raises:
        StageFailed: its command, or DVC, ended with an error.
        TornLock: it read something other than what the stages above it wrote.
        Poisoned: an output is not what its digest, or MLflow, says.
        LeaseUnreachable: the DVC remote does not answer.
    """
    return _StageRun(work, state, is_forced).run()


class _StageRun:
    """One attempt at one stage."""

    def __init__(self, work: Work, state: StageState, is_forced: bool) -> None:
        self.work, self.state, self.is_forced = work, state, is_forced
        self.log_file = work.home.logs / work.checkout.profile / f"{state.name}.log"
        self.side_folder = work.home.state / "side" / work.checkout.profile / state.name
        self.record: StageRecord | None = None
        self.newest_error = ""
        self.is_in_traceback = False
        self.begins: dict[str, Any] = {}

    def run(self) -> StageOutcome:
        started = time.monotonic()
        self.log_file.unlink(missing_ok=True)
        shutil.rmtree(self.side_folder, ignore_errors=True)
        # An old entry together with a missing dep makes `repro -s --pull` restore the old output and exit 0.
        write_lock(self.work.checkout.lock, self.work.entries)
        self.begins = entry_before_run(self.work.checkout.folder, self.state.name)
        try:
            with self._alone():
                entry = self._reproduce()
        except StageFailed as error:
            self._close_record("FAILED", {}, error.reason)
            raise
        except FusarError as error:
            self._close_record("FAILED", {}, str(error))
            raise
        except BaseException:
            self._close_record("KILLED", {}, "interrupted")
            raise
        self._close_record("FINISHED", entry)
        return StageOutcome(self.state.name, "ran" if self.record else "restored", time.monotonic() - started)

    def _alone(self) -> AbstractContextManager[None]:
        """The lease on what the stage rests on."""
        url, key = journal_url(self.work.home.root), input_key(self.begins)
        holder = f"stage {self.state.name} of flow run {self.work.recorder.flow_run_id} on {gethostname()}"
        return lease(url, key, holder, on_wait=lambda other: listener().line(f"waiting for {other}: the same inputs"))

    def _reproduce(self) -> dict[str, Any]:
        name = self.state.name
        options = ["--force"] if self.is_forced else []
        # A forced run does not pull what it needs.
        pulled = [["pull", *self.state.needs]] if self.is_forced and self.state.needs else []
        linked = [["link", *self.state.needs]] if self.state.needs else []
        drop_half_entries(self.work.checkout.folder)
        # Shared before it is kept: a kill between the two repeats the sharing, not the work.
        self._dvc(*linked, *pulled, ["repro", "--single-item", "--pull", *options, name], ["push", "--run-cache", name])
        entry = read_lock(self.work.checkout.lock).get(name)
        if entry is None:
            raise StageFailed(name, "it left no entry in dvc.lock", str(self.log_file))
        check_joined({**self.work.entries, name: entry})
        try:
            check_outputs(self.work.checkout.folder, name, entry)
            if self.record is None:
                self.work.recorder.restored(name, entry)
        except Poisoned:
            remove_refused(self.work.checkout.folder, name, entry)
            raise
        self.work.entries[name] = entry
        keep(self.work.home, self.work.checkout.profile, {name: entry})
        return dict(entry)

    def _dvc(self, *commands: Sequence[str]) -> None:
        environment = child_environment(self.work.home, self.side_folder)
        child = Child((*DVC, json.dumps(commands)), self.work.checkout.folder, environment, self.log_file)
        hours = patience_with(self.state.name).hours
        try:
            code = run_child(child, self._hear, 3600 * hours)
        except TimeoutError as error:
            reason = f"it took longer than its {hours:g} hours (prefect.yaml, stages)"
            raise StageFailed(self.state.name, reason, str(self.log_file)) from error
        if code != 0:
            reason = self.newest_error or f"exit code {code}"
            if _NOWHERE in reason:
                reason += ": neither this machine nor the DVC remote has it. Run `dvc push` where it is"
            raise StageFailed(self.state.name, reason, str(self.log_file))

    def _hear(self, line: str) -> None:
        # DVC says this where it starts the command and nowhere else: what it restores, it never announces so.
        if line == f"Running stage '{self.state.name}':" and self.record is None:
            holds_gpus = self.work.pools.get(self.state.name) == "gpu"
            self.record = self.work.recorder.stage(self.state.name, self.begins, holds_gpus)
        kind, _, text = line.partition(": ")
        if self.newest_error.endswith(":"):  # DVC names what it means on the next line
            self.newest_error += f" {line.strip()}"
        # Where a stage ends with an error that it does not know (a full disk), Python's last line names it.
        if self.is_in_traceback and not line.startswith(" "):
            self.newest_error, self.is_in_traceback = line, False
        self.is_in_traceback = self.is_in_traceback or line.startswith("Traceback (most recent call last)")
        # The stage's own word comes first; DVC's only tells that there was one.
        if text and (kind == "error" or (kind == "ERROR" and not self.newest_error)):
            self.newest_error = text
        listener().line(line)

    def _close_record(self, status: Literal["FINISHED", "FAILED", "KILLED"], entry: Any, failure: str = "") -> None:
        if self.record is not None:
            self.record.close(status, entry, self.log_file, self.side_folder, failure)


def pull(work: Work, paths: Sequence[str]) -> None:
    """Put outputs of stages that did not run on disk: the registry and the report read them.

    Raises:
        StepFailed: one is neither in the cache nor in the remote.
    """
    if not paths:
        return
    log_file = work.home.logs / work.checkout.profile / "pull.log"
    command = (*DVC, json.dumps([["pull", "--force", *paths]]))
    child = Child(command, work.checkout.folder, child_environment(work.home), log_file)
    if run_child(child, listener().line) != 0:
        raise StepFailed("pull", "an output is neither in the cache nor in the remote", str(log_file))
