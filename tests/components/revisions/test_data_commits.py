"""New scenes as a commit: real git and DVC, nobody's tree touched, nothing of the old data fetched."""

import shutil
from pathlib import Path

import pytest

from components.revisions.data_commits import commit_data, publish
from components.revisions.errors import DataNotAdded, GitFailed
from components.revisions.git import blob, dirty_files, git, resolve
from components.revisions.home import Home
from tests.small_house import dvc, house  # noqa: F401


def arrive(folder: Path) -> Path:
    for name, text in (("items/a.json", "{}"), ("scenes/a.tif", "pixels"), ("notes/private.txt", "mine")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "scenes/link.tif").symlink_to("/etc/hostname")
    return folder


def test_new_scenes_become_a_commit_on_top_and_the_same_ones_no_second(
    house: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    home, source = Home(house), arrive(tmp_path / "incoming")
    base, before = resolve(house, "HEAD"), dirty_files(house)
    shutil.rmtree(house / ".dvc/cache")  # what the data held lies in the remote alone
    commit = commit_data(home, base, source, "two files")
    assert commit != base and resolve(house, f"{commit}^") == base
    assert (resolve(house, "HEAD"), dirty_files(house)) == (base, before)
    assert commit in git(house, "for-each-ref", "--format=%(objectname)", "refs/fusar/data").decode()
    cached = [path for path in (house / ".dvc/cache/files").rglob("*") if path.is_file()]
    assert not any(path.read_text().startswith("scene number") for path in cached)
    assert commit_data(home, base, source, "two files") == commit
    assert commit_data(home, commit, source, "nothing new") == commit

    shutil.rmtree(house / ".dvc/cache")
    git(house, "worktree", "add", "--detach", str(tmp_path / "there"), commit)
    shutil.copytree(house / ".dvc", tmp_path / "there/.dvc", dirs_exist_ok=True)
    (tmp_path / "there/.dvc/config.local").write_text(f'[remote "local"]\n url = {home.remote}\n')
    assert blob(house, commit, "data.dvc") != blob(house, base, "data.dvc")
    dvc(tmp_path / "there", "pull", "--quiet", "data.dvc")
    held = {path.relative_to(tmp_path / "there/data").as_posix() for path in (tmp_path / "there/data").rglob("*.*")}
    assert held == {"0.txt", "1.txt", "2.txt", "items/a.json", "scenes/a.tif"}


def test_it_is_pushed_to_a_branch_of_its_own_where_that_is_asked(
    house: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    home = Home(house)
    with pytest.raises(GitFailed):
        publish(home, resolve(house, "HEAD"))
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(house, "remote", "add", "origin", str(tmp_path / "origin.git"))
    commit = commit_data(home, resolve(house, "HEAD"), arrive(tmp_path / "incoming"), "two files")
    branch = publish(home, commit)
    assert resolve(tmp_path / "origin.git", f"refs/heads/{branch}") == commit


def test_without_the_old_manifest_it_says_what_to_do(house: Path, tmp_path: Path) -> None:  # noqa: F811
    for store in (house / ".dvc/cache", Home(house).remote):
        shutil.rmtree(store)
    with pytest.raises(DataNotAdded, match="Is the DVC remote there"):
        commit_data(Home(house), resolve(house, "HEAD"), arrive(tmp_path / "incoming"), "two files")
