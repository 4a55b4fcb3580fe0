"""What a worker lets in: hostile commits of real repositories, none of which may run or write anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from components.revisions.admission import admit
from components.revisions.checkout import check_out
from components.revisions.clone import is_clone, make_home, published
from components.revisions.errors import (
    GitFailed,
    NotPublished,
    Poisoned,
    RefusedCommit,
    RefusedRevision,
    UnknownRevision,
)
from components.revisions.home import HOME, Home, find_home
from components.revisions.lock import read_lock
from components.revisions.outputs import check_outputs
from tests.small_house import commit, run


def replaced(house: Path, old: str, new: str) -> None:
    file = house / "dvc.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def appended(house: Path, path: str, text: str) -> None:
    (house / path).parent.mkdir(parents=True, exist_ok=True)
    with (house / path).open("a") as file:
        file.write(text)


def linked(house: Path, path: str, target: str) -> None:
    place = house / path
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    run(house, "git", "add", "--force", path)


CUT = "cmd: python -m components.cutting cut"
HOSTILE = {
    "a command of its own": lambda h: replaced(h, CUT, "cmd: touch /tmp/x"),
    "one more command": lambda h: replaced(h, CUT, f"{CUT}; touch /tmp/x"),
    "a list of commands": lambda h: replaced(h, CUT, "cmd: [python -m components.cutting cut, touch x]"),
    "a command over two lines": lambda h: replaced(h, CUT, 'cmd: "python -m components.cutting cut\\ntouch x"'),
    "another stage's command": lambda h: replaced(h, CUT, "cmd: python -m components.counting count"),
    "a package that is none": lambda h: replaced(h, CUT, "cmd: python -m components.nothing cut"),
    "a folder to run in": lambda h: replaced(h, CUT, f"{CUT}\n    wdir: /tmp"),
    "an output outside": lambda h: replaced(h, "- outputs/cut/pieces", "- ../pieces"),
    "an absolute output": lambda h: replaced(h, "- outputs/cut/pieces", "- /tmp/pieces"),
    "another stage's output": lambda h: replaced(h, "- outputs/cut/pieces", "- outputs/count/pieces"),
    "an output with options": lambda h: replaced(h, "- outputs/cut/pieces", "- outputs/cut/pieces: {persist: true}"),
    "a dep elsewhere": lambda h: replaced(h, "    - data\n", "    - /etc/passwd\n"),
    "a dep at an address": lambda h: replaced(h, "    - data\n", "    - https://localhost/x\n"),
    "a variable": lambda h: replaced(h, "    - data\n", "    - ${cut.longest}\n"),
    "variables for all": lambda h: appended(h, "dvc.yaml", "vars: [other.yaml]\n"),
    "stages in a folder": lambda h: appended(h, "more/dvc.yaml", "stages: {x: {cmd: touch x}}\n"),
    "data that is fetched": lambda h: appended(h, "data.dvc", "deps: [{path: https://localhost/x}]\n"),
    "data that runs a command": lambda h: appended(h, "data.dvc", "cmd: touch x\n"),
    "data outside": lambda h: appended(h, "more.dvc", "outs: [{md5: abc, path: ../more}]\n"),
    "data from a remote of its own": lambda h: appended(h, "more.dvc", "outs: [{md5: a, path: more, remote: x}]\n"),
    "no graph": lambda h: (h / "dvc.yaml").unlink(),
    "a graph that is no YAML": lambda h: (h / "dvc.yaml").write_text("stages: ]"),
    "a stage twice": lambda h: appended(h, "dvc.yaml", "stages: {}\n"),
    "data behind a link": lambda h: linked(h, "data", "/tmp"),
    "a link in the data": lambda h: linked(h, "data/sub", "/tmp"),
    "outputs behind a link": lambda h: linked(h, "outputs", ".git/hooks"),
    "one output behind a link": lambda h: linked(h, "outputs/cut", "../.git/hooks"),
    "parameters behind a link": lambda h: linked(h, "params.yaml", "/tmp/params"),
    "settings behind a link": lambda h: linked(h, ".dvc/config.local", "/tmp/config"),
    "state behind a link": lambda h: linked(h, ".fusar", "/tmp"),
}


@pytest.fixture
def plain(built_house: Path, tmp_path: Path) -> Path:
    """The small house without what it keeps: only what git has."""
    run(tmp_path, "git", "clone", "--quiet", str(built_house), "house")
    return tmp_path / "house"


def test_the_graph_that_the_contract_writes_is_let_in(plain):
    admit(Home(plain), commit(plain))


@pytest.mark.parametrize("what", HOSTILE)
def test_a_commit_is_refused_for(what, plain):
    HOSTILE[what](plain)
    made = commit(plain)
    with pytest.raises(RefusedCommit):
        admit(Home(plain), made)


@pytest.mark.parametrize("path", ["params.yaml", ".dvc/config.local", "outputs/cut"])
def test_a_checkout_writes_through_no_link_of_its_commit(path, plain, tmp_path):
    target = tmp_path / "elsewhere"
    linked(plain, path, str(target))
    with pytest.raises(RefusedCommit):
        check_out(Home(plain), commit(plain), "laptop")
    assert not target.exists()


def published_copy(house: Path, folder: Path) -> str:
    """A bare repository with the house's main branch; its address."""
    run(folder, "git", "clone", "--quiet", "--bare", str(house), "remote.git")
    run(house, "git", "remote", "set-url", "origin", str(folder / "remote.git"))
    return (folder / "remote.git").as_uri()


def test_a_worker_makes_its_clone_follows_the_remote_and_takes_nothing_else(plain, tmp_path, monkeypatch):
    url = published_copy(plain, tmp_path)
    first = run(plain, "git", "rev-parse", "HEAD").stdout.strip()
    home = make_home(tmp_path / "worker", url, "s3://bucket/prefix")
    assert is_clone(home) and not is_clone(Home(plain))
    assert published(home, "main") == published(home, "HEAD") == published(home, first) == first
    assert "url = s3://bucket/prefix" in (home.root / ".dvc/config.local").read_text()
    monkeypatch.setenv(HOME, str(home.root))
    assert find_home(tmp_path) == home
    second = commit(plain, "not pushed")
    with pytest.raises(UnknownRevision):
        published(home, second)
    run(plain, "git", "push", "--quiet", "origin", "HEAD:refs/heads/main", "HEAD:refs/heads/topic")
    assert published(home, "main") == published(home, "topic") == second
    # Rewritten and removed branches are followed too, and what hangs on none of them runs no more.
    run(plain, "git", "push", "--quiet", "--force", "origin", f"{first}:refs/heads/main", ":refs/heads/topic")
    assert published(home, "main") == first
    with pytest.raises(NotPublished):
        published(home, second)
    with pytest.raises(UnknownRevision):
        published(home, "topic")


def test_a_half_made_clone_is_finished_and_a_remote_that_is_away_is_asked_for_new_commits_only(plain, tmp_path):
    url = published_copy(plain, tmp_path)
    (tmp_path / "worker").mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path / "worker", check=True)
    home = make_home(tmp_path / "worker", url)
    first = published(home, "main")
    (tmp_path / "remote.git").rename(tmp_path / "away.git")
    assert published(home, first) == first
    with pytest.raises(GitFailed):
        published(home, "main")


def test_no_hook_of_a_template_or_of_the_remote_comes_into_a_clone(plain, tmp_path, monkeypatch):
    url = published_copy(plain, tmp_path)
    hook = tmp_path / "template/hooks/post-checkout"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[init]\n\ttemplateDir = {hook.parent.parent}\n[core]\n\thooksPath = {hook.parent}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    settings.rename(tmp_path / ".gitconfig")
    home = make_home(tmp_path / "worker", url)
    check_out(home, published(home, "main"), "laptop")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("url", ["--upload-pack=touch x", "-x"])
def test_an_address_that_looks_like_an_option_is_refused(url, tmp_path):
    with pytest.raises(RefusedRevision):
        make_home(tmp_path / "worker", url)


def test_restored_files_and_folders_are_hashed_whatever_dvc_remembers(finished_house):
    entries = read_lock(finished_house / "dvc.lock")
    for stage, entry in entries.items():
        check_outputs(finished_house, stage, entry)
    piece = finished_house / "outputs/cut/pieces/1.txt"
    content, stat = piece.read_bytes(), piece.stat()
    piece.chmod(0o644)
    piece.unlink()
    piece.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    os.utime(piece, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(Poisoned, match="outputs/cut/pieces"):
        check_outputs(finished_house, "cut", entries["cut"])
    (finished_house / "outputs/total/total.json").unlink()
    with pytest.raises(Poisoned, match="is missing"):
        check_outputs(finished_house, "total", entries["total"])
