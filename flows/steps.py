"""Steps of a flow that are no stages: child processes that answer with one JSON object."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from components.revisions.checkout import PROFILES_FOLDER, Checkout
from components.revisions.home import Home
from flows.children import Child, run_child
from flows.environment import child_environment
from flows.errors import RefusedParameters, StepFailed
from flows.listening import listener


def check_parameters(home: Home, checkout: Checkout) -> dict[str, str]:
    """Put the profile to all stages of the commit, before any of them starts; the answer is each stage's work pool.

    Raises:
        RefusedParameters: naming every problem of every stage at once.
    """
    said: list[str] = []
    log_file = home.logs / checkout.profile / "parameters.log"
    log_file.unlink(missing_ok=True)
    # In a process of its own: the stages that count are those of the commit, not those of this program.
    command = (sys.executable, "-m", "flows.graph", f"{PROFILES_FOLDER}/{checkout.profile}.yaml")
    pools_file = log_file.with_name("pools.json")
    child = Child(command, checkout.folder, child_environment(home), log_file, pools_file)
    if run_child(child, said.append) != 0:
        raise RefusedParameters(checkout.profile, "\n".join(said).removeprefix("error: "))
    return _read_answer(pools_file)


def run_step(home: Home, checkout: Checkout, step: str, *command: str) -> dict[str, Any]:
    """The JSON object with which a module of the checkout answers; `{}` where it says nothing.

    Args:
        home: where its log is kept.
        checkout: its working directory, so that it is the commit's own code.
        step: what the step is called.
        command: module and arguments, after `python -m`.

    Raises:
        StepFailed: it ended with an error.
    """
    listener().begin(step)
    started = time.monotonic()
    log_file = home.logs / checkout.profile / f"{step}.log"
    log_file.unlink(missing_ok=True)
    answer_file = log_file.with_suffix(".json")
    newest_error = ""

    def hear(line: str) -> None:
        nonlocal newest_error
        newest_error = line.removeprefix("error: ") if line.startswith("error: ") else newest_error
        listener().line(line)

    arguments = (sys.executable, "-m", *command)
    code = run_child(Child(arguments, checkout.folder, child_environment(home), log_file, answer_file), hear)
    if code != 0:
        raise StepFailed(step, newest_error or f"exit code {code}", str(log_file))
    listener().end(step, "done", time.monotonic() - started)
    return _read_answer(answer_file)


def _read_answer(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8").strip()
    return dict(json.loads(text)) if text else {}
