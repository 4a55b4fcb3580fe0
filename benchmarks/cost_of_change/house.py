"""A clone of this repository with a corpus of simulated scenes."""

import os
from pathlib import Path

from benchmarks.orchestration.subjects import DVC, QUIET, SOURCE, run
from benchmarks.timing import Spent, timed
from components.revisions.checkout import Checkout, check_out
from components.revisions.git import git, resolve
from components.revisions.home import Home

PROFILE = "tiny"
_IDENTITY = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost", "-c", "commit.gpgsign=false")


def make_house(folder: Path) -> Home:
    """Clone the newest commit of this repository; the scenes that it pins are left out."""
    run(["git", "clone", "--quiet", str(SOURCE), str(folder)], SOURCE)
    (folder / "data.dvc").unlink()
    return Home(folder.resolve())


def commit_data(home: Home) -> Spent:
    """What a person does after `fusar data add`: `dvc add data`, `git commit`, `dvc push`; the time that DVC took."""
    environment = {**os.environ, **QUIET}
    added, _ = timed([*DVC, "add", "--quiet", "data"], home.root, environment)
    pushed, _ = timed([*DVC, "push", "--quiet", "data.dvc"], home.root, environment)
    git(home.root, "add", "--", "data.dvc")
    git(home.root, *_IDENTITY, "commit", "--quiet", "--no-verify", "-m", "scenes")
    return added + pushed


def newest_checkout(home: Home) -> Checkout:
    """The newest commit in a checkout of its own, as a retrain makes it."""
    return check_out(home, resolve(home.root, "HEAD"), PROFILE)
