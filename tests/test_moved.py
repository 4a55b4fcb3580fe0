"""A finished demo in a repository that was copied to another folder: found, mended, and whole again."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Clone, Demo


@pytest.fixture(scope="module")
def copied(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The demo's clone in another folder, hard links kept; the folder that it came from stays where it is."""
    target = tmp_path_factory.mktemp("moved") / "renamed clone"
    subprocess.run(["cp", "-a", str(demo.clone.root), str(target)], check=True)
    yield Clone(target)


def findings(clone: Clone, *options: str) -> dict[str, str]:
    """Message of each check that found an error."""
    told = json.loads(clone.fusar("doctor", "--json", *options, check=False).stdout)["findings"]
    return {finding["check"]: finding["message"] for finding in told if finding["severity"] == "error"}


@pytest.mark.slow
def test_a_copied_repository_is_found_and_mended_and_the_original_stays_as_it_was(copied: Clone, demo: Demo) -> None:
    original = demo.clone.root
    before = {path: path.read_bytes() for path in _links(original)}
    found = findings(copied)
    assert set(found) == {"checkouts", "artifacts"}
    assert f"lead to {original / 'mlruns'}, their files lie in {copied.root / 'mlruns'}" in found["artifacts"]
    assert findings(copied, "--mend") == {}
    assert {path: path.read_bytes() for path in _links(original)} == before
    assert _paths_of(original, copied.root) == []

    tree = copied.fusar("lineage", "show", "fusar-gpt@champion").stdout
    assert "7 stages" in tree and "lineage show fusar-gpt/" in tree
    scene = next(copied.root.glob(".fusar/worktrees/*-tiny/data/scenes/*-c3.tif"))
    answer = json.loads(copied.fusar("predict", str(scene.relative_to(copied.root))).stdout)
    assert answer["chips"] > 0

    again = copied.fusar("demo", "--profile", "tiny", "--catalogue", "tiny")
    # Another test may have added a scene since: then this commit's outputs come from the cache, and still none is made.
    assert not re.search(r"^.*\bran\b.*$", again.stdout.split("held-out places")[0], re.MULTILINE), again.stdout
    assert f"Report page: {copied.root}/.fusar/reports/tiny.html" in again.stdout


def _links(root: Path) -> list[Path]:
    """Files of the original that a repair from the copy would change."""
    return [*root.glob(".git/worktrees/*/gitdir"), *root.glob(".fusar/worktrees/*/.git"), root / "mlruns/mlflow.db"]


def _paths_of(original: Path, copied: Path) -> list[str]:
    """Links and settings in the copy that still name the original."""
    places = [*_links(copied)[:-1], *copied.glob(".fusar/worktrees/*/.dvc/config.local")]
    return [str(path) for path in places if str(original) in path.read_text()]
