"""Every check in its order, each on its own: what is broken must not hide the rest."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from components.installation import (
    accelerator,
    artifact_locations,
    browser,
    champions,
    disk,
    dvc_storage,
    holders,
    interpreter,
    machine,
    packages,
    ports,
    prefect_database,
    repository,
    run_store,
    services,
    variables,
    worktrees,
)
from components.installation.finding import Check, Examined, Finding, Installation, Severity
from components.revisions.errors import RevisionError
from components.revisions.home import find_home

CHECKS = (
    Check("python", interpreter.look),
    Check("packages", packages.look),
    Check("torch", accelerator.look),
    Check("git", repository.look),
    Check("checkouts", worktrees.look),
    Check("dvc", dvc_storage.look),
    Check("mlflow", run_store.look),
    Check("artifacts", artifact_locations.look),
    Check("champions", champions.look),
    Check("prefect", prefect_database.look),
    Check("services", services.look),
    Check("ports", ports.look),
    Check("locks", holders.look),
    Check("disk", disk.look),
    Check("machine", machine.look),
    Check("variables", variables.look),
    Check("browser", browser.look),
)


def installation_at(folder: Path, environment: Mapping[str, str] = os.environ) -> Installation:
    """The installation that a folder belongs to, found also where git does not answer."""
    try:
        root = find_home(folder).root
    except (RevisionError, OSError):
        marked = (path for path in (folder, *folder.parents) if (path / "dvc.yaml").is_file())
        root = next(marked, folder).resolve()
    return Installation(root, dict(environment), Path(sys.prefix))


def examine(installation: Installation, checks: Iterable[Check] = CHECKS) -> Iterator[Examined]:
    """What each check finds; a check that fails itself becomes a finding, and the others go on."""
    for check in checks:
        yield from (Examined(check.name, finding) for finding in _looked(check, installation))


def _looked(check: Check, installation: Installation) -> Iterator[Finding]:
    try:
        yield from check.look(installation)
    except Exception as failure:
        yield _crash(failure)


def _crash(failure: Exception) -> Finding:
    if isinstance(failure, ImportError):
        remedy = "`pip install -r requirements.lock`, then call the doctor again."
        return Finding(Severity.ERROR, f"cannot be looked at: {failure}", remedy)
    what = f"{type(failure).__name__}: {failure}".strip()
    return Finding(Severity.ERROR, f"cannot be looked at: {what}", "Mend what the other findings say, then call again.")


def has_errors(examined: Iterable[Examined]) -> bool:
    """Whether anything stops work."""
    return any(one.finding.severity is Severity.ERROR for one in examined)
