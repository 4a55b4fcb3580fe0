import os
import shutil
import subprocess
from dataclasses import replace

import pytest

from components.installation import dvc_storage, repository, worktrees
from components.installation.finding import Severity
from components.installation.mending import mend
from components.installation.worktrees import abandoned, links_of
from tests.components.installation.conftest import git


@pytest.fixture
def with_checkout(installation):
    """The installation with one checkout of a retrain."""
    folder = installation.state / "worktrees/0123456789ab-tiny"
    git(installation.root, "worktree", "add", "--detach", str(folder))
    return installation


def test_a_whole_repository_has_nothing_to_mend(with_checkout, worst):
    for look in (repository.look, worktrees.look, dvc_storage.look):
        assert worst(look(with_checkout)).severity is Severity.OK


def test_a_folder_without_history_is_an_error(installation, worst):
    shutil.rmtree(installation.root / ".git")
    finding = worst(repository.look(installation))
    assert finding.severity is Severity.ERROR
    assert "clone" in finding.remedy


def test_a_repository_whose_head_is_lost_is_an_error(installation, worst):
    (installation.root / ".git/HEAD").write_text("ref: refs/heads/gone\n")
    finding = worst(repository.look(installation))
    assert (finding.severity, "git fsck" in finding.remedy) == (Severity.ERROR, True)


def test_an_old_git_is_an_error_and_a_vendors_is_read():
    assert repository._version("git version 2.30.1").severity is Severity.ERROR
    assert repository._version("git version 2.39.5 (Apple Git-154)").severity is Severity.OK


def test_who_commits_must_be_known(installation, worst, monkeypatch):
    git(installation.root, "config", "--unset", "user.email")
    monkeypatch.setenv("HOME", str(installation.root))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(installation.root))
    finding = worst(repository.look(installation))
    assert finding.severity is Severity.WARNING
    assert "`git config user.email ...`" in finding.remedy


def test_an_ignored_dvc_lock_is_an_error(installation, worst):
    (installation.root / ".gitignore").write_text("*.lock\n")
    finding = worst(repository.look(installation))
    assert finding.severity is Severity.ERROR
    assert ".gitignore:1:*.lock" in finding.message


def test_what_a_killed_git_left_is_found_when_it_is_old(installation, worst):
    lock = installation.root / ".git/index.lock"
    lock.touch()
    assert worst(repository.look(installation)).severity is Severity.OK
    os.utime(lock, (0, 0))
    assert f"rm {lock}" in worst(repository.look(installation)).remedy


def test_a_checkout_that_is_gone_is_forgotten(with_checkout, worst):
    shutil.rmtree(with_checkout.state / "worktrees")
    assert worst(worktrees.look(with_checkout)).is_mendable
    assert any("git forgot 1 checkout" in done for done in mend(with_checkout))
    assert abandoned(with_checkout.root) == []
    assert worst(worktrees.look(with_checkout)).severity is Severity.OK


def test_checkouts_of_a_copied_repository_are_linked_with_the_copy_and_the_original_stays(
    with_checkout, worst, tmp_path
):
    copied = replace(with_checkout, root=tmp_path / "copied house")
    shutil.copytree(with_checkout.root, copied.root)
    finding = worst(worktrees.look(copied))
    assert (finding.severity, finding.is_mendable) == (Severity.ERROR, True)
    list(mend(copied))
    assert worst(worktrees.look(copied)).severity is Severity.OK
    assert worst(worktrees.look(with_checkout)).severity is Severity.OK
    for home in (copied, with_checkout):
        (link,) = links_of(home)
        told = subprocess.run(["git", "rev-parse", "--git-common-dir"], cwd=link.folder, capture_output=True, text=True)
        assert told.stdout.strip() == str(home.root / ".git")
    assert str(copied.root / ".fusar/remote") in (links_of(copied)[0].folder / ".dvc/config.local").read_text()


def test_a_checkout_that_git_does_not_know_is_named_with_the_command_that_removes_it(with_checkout, worst):
    shutil.rmtree(with_checkout.root / ".git/worktrees")
    finding = worst(worktrees.look(with_checkout))
    assert finding.severity is Severity.ERROR
    assert f"rm -rf {with_checkout.state / 'worktrees/0123456789ab-tiny'}" in finding.remedy


@pytest.mark.parametrize(("config", "said"), [
    ("[core]\n    remote = local\n", "has no address"),
    ("[core]\n    remotes = local\n", "DVC refuses it"),
    ("[core]\n    remote = a\n['remote \"a\"']\n    url = /proc/fusar\n", "cannot be written"),
    ("[core]\n    remote = a\n['remote \"a\"']\n    url = /srv/fusar-is-not-mounted/a/b/c\n", "its place is gone"),
])  # fmt: skip
def test_a_remote_that_would_keep_nothing_is_found(installation, worst, config, said):
    (installation.root / ".dvc/config").write_text(config)
    finding = worst(dvc_storage.look(installation))
    assert finding.severity in (Severity.ERROR, Severity.WARNING)
    assert said in finding.message
    assert finding.remedy


def test_a_remote_elsewhere_is_named_without_its_credentials_and_not_asked(installation):
    (installation.root / ".dvc/config").write_text(
        "[core]\n    remote = a\n['remote \"a\"']\n    url = https://me:hunter2@example.org/x\n"
    )
    told = [finding.message for finding in dvc_storage.look(installation)]
    assert "remote a: https://***@example.org/x, not asked (the doctor uses no network)" in told


def test_missing_dvc_settings_are_an_error(installation, worst):
    shutil.rmtree(installation.root / ".dvc")
    assert worst(dvc_storage.look(installation)).remedy == "`git checkout -- .dvc`"
