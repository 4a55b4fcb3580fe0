import json
import subprocess
from pathlib import Path

import pytest

from components.revisions.home import Home
from components.simulation.demonstration import demo_commit, update_commit

SEED = 7


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Home:
    root = tmp_path / "clone"
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc/config").write_text("[core]\n    remote = local\n['remote \"local\"']\n    url = ../.fusar/remote\n")
    (root / ".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n")
    (root / ".gitignore").write_text("/.fusar/\n/data/\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.email", "t@localhost")
    git(root, "config", "user.name", "t")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "start")
    return Home(root)


def test_scenes_that_no_commit_pins_get_a_commit_of_their_own_and_the_tree_stays_clean(clone: Home) -> None:
    made = demo_commit(clone, "tiny", SEED)
    assert git(clone.root, "rev-parse", f"{made.commit}^") == git(clone.root, "rev-parse", "HEAD")
    assert made.commit[:12] in made.note
    assert git(clone.root, "status", "--porcelain") == ""
    assert not (clone.root / "data").exists()
    assert demo_commit(clone, "tiny", SEED).commit == made.commit


def test_scenes_that_head_pins_are_made_anew_to_the_same_digest(clone: Home) -> None:
    made = demo_commit(clone, "tiny", SEED)
    git(clone.root, "merge", "--quiet", "--ff-only", made.commit)
    subprocess.run(["rm", "-rf", ".fusar", ".dvc/cache"], cwd=clone.root, check=True)
    again = demo_commit(clone, "tiny", SEED)
    assert (again.commit, again.note) == (made.commit, "")


def test_an_update_adds_one_scene_and_keeps_the_others_bytes(clone: Home) -> None:
    base = demo_commit(clone, "tiny", SEED).commit
    updated = update_commit(clone, base, "demo-update", SEED)
    assert git(clone.root, "rev-parse", f"{updated.commit}^") == base
    before, after = (manifest(clone, commit) for commit in (base, updated.commit))
    added = set(after) - set(before)
    assert {name.split("/")[0] for name in added} >= {"items", "scenes"}
    assert len({Path(name).stem for name in added}) == 1
    assert all(after[name] == before[name] for name in before)
    assert update_commit(clone, base, "demo-update", SEED).commit == updated.commit


def manifest(home: Home, commit: str) -> dict[str, str]:
    line = next(line for line in git(home.root, "show", f"{commit}:data.dvc").splitlines() if "md5: " in line)
    digest = line.split()[-1]
    text = (home.root / ".fusar/remote/files/md5" / digest[:2] / digest[2:]).read_text()
    return {entry["relpath"]: entry["md5"] for entry in json.loads(text)}
