import json
import pickle
import subprocess
import sys

import pytest

from components.revisions import errors, git
from components.revisions.checkout import check_out, verify
from components.revisions.errors import (
    Busy,
    CheckoutChanged,
    NotARepository,
    RefusedRevision,
    UnknownProfile,
    UnknownRevision,
    UnreadableGraph,
)
from components.revisions.home import find_home
from components.revisions.staleness import ask
from tests.small_house import commit, dvc, run


@pytest.mark.parametrize("revision", ["--upload-pack=touch x", "-x", "", "HEAD\0"])
def test_a_revision_that_looks_like_an_option_never_reaches_git(revision, house):
    with pytest.raises(RefusedRevision, match="begins with '-'"):
        git.resolve(house, revision)


def test_an_unknown_revision_is_named(house):
    with pytest.raises(UnknownRevision, match="'no-such-branch': no such commit"):
        git.resolve(house, "no-such-branch")


def test_a_folder_outside_any_repository_is_named(tmp_path):
    with pytest.raises(NotARepository, match=str(tmp_path)):
        find_home(tmp_path)


def test_no_hook_of_the_repository_runs(house, tmp_path):
    for name in ("post-checkout", "post-commit", "reference-transaction"):
        hook = house / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-ran\n")
        hook.chmod(0o755)
    commit_id = git.resolve(house, "HEAD")
    check_out(find_home(house), commit_id, "tiny")
    git.hold(house, commit_id, "fusar-gpt", "1")
    assert not (tmp_path / "hook-ran").exists()


def test_the_home_is_the_main_working_tree_from_any_of_its_worktrees(house):
    home = find_home(house)
    checkout = check_out(home, git.resolve(house, "HEAD"), "laptop")
    assert find_home(checkout.folder) == find_home(house / "components") == home
    assert home.root == house.resolve()


def test_a_checkout_is_its_commit_with_the_profile_as_its_parameters(house):
    home = find_home(house)
    (house / "withdrawn.csv").write_text("not committed")
    checkout = check_out(home, git.resolve(house, "HEAD"), "tiny")
    assert (checkout.folder / "params.yaml").read_bytes() == (house / "profiles/tiny.yaml").read_bytes()
    assert (checkout.folder / "withdrawn.csv").read_text() == ""
    verify(home, checkout)
    assert git.dirty_files(house) == ("withdrawn.csv",)


def test_a_checkout_with_an_edited_file_is_refused_and_made_anew(house):
    home = find_home(house)
    commit_id = git.resolve(house, "HEAD")
    checkout = check_out(home, commit_id, "tiny")
    (checkout.folder / "withdrawn.csv").write_text("edited")
    (checkout.folder / "params.yaml").write_text("cut: {}")
    with pytest.raises(CheckoutChanged, match=r"withdrawn\.csv, params\.yaml differ"):
        verify(home, checkout)
    verify(home, check_out(home, commit_id, "tiny"))


def test_a_half_made_checkout_is_made_anew(house):
    home = find_home(house)
    commit_id = git.resolve(house, "HEAD")
    checkout = check_out(home, commit_id, "tiny")
    (checkout.folder / "dvc.yaml").unlink()
    assert (check_out(home, commit_id, "tiny").folder / "dvc.yaml").exists()


def test_a_checkout_of_a_repository_that_was_moved_is_made_anew(house):
    commit_id = git.resolve(house, "HEAD")
    check_out(find_home(house), commit_id, "tiny")
    moved = house.rename(house.with_name("moved"))
    checkout = check_out(find_home(moved), commit_id, "tiny")
    assert checkout.folder.is_relative_to(moved)
    verify(find_home(moved), checkout)


def test_what_a_killed_dvc_held_is_free_again_although_its_process_seems_to_live(house):
    home = find_home(house)
    checkout = check_out(home, git.resolve(house, "HEAD"), "laptop")
    held = {str(checkout.folder / "outputs/cut/pieces"): {"pid": 1, "cmd": "dvc repro cut"}}
    (checkout.folder / ".dvc/tmp").mkdir(exist_ok=True)
    (checkout.folder / ".dvc/tmp/rwlock").write_text(json.dumps({"read": {}, "write": held}))
    with pytest.raises(UnreadableGraph, match="is busy"):
        ask(checkout.folder)
    assert len(ask(check_out(home, checkout.commit, "laptop").folder)) == 3


def test_only_the_newest_checkouts_of_a_profile_are_kept(house):
    home = find_home(house)
    other = check_out(home, git.resolve(house, "HEAD"), "laptop").folder
    made = [check_out(home, commit(house), "tiny").folder for _ in range(4)]
    assert sorted(home.worktrees.iterdir()) == sorted([other, *made[1:]])
    assert check_out(home, git.resolve(house, "HEAD~3"), "tiny").folder == made[0]


@pytest.mark.parametrize("profile", ["huge", "../profiles/tiny", "-tiny", ""])
def test_an_unknown_profile_is_named_with_those_that_the_commit_has(profile, house):
    with pytest.raises(UnknownProfile, match="it has: laptop, tiny"):
        check_out(find_home(house), git.resolve(house, "HEAD"), profile)


def test_a_checkout_shares_the_cache_and_the_remote_of_the_main_tree(house):
    checkout = check_out(find_home(house), git.resolve(house, "HEAD"), "laptop")
    assert dvc(checkout.folder, "cache", "dir").stdout.strip() == str(house / ".dvc/cache")
    assert dvc(checkout.folder, "config", "remote.local.url").stdout.strip() == str(house / ".fusar/remote")
    dvc(checkout.folder, "pull", "--quiet", "data")
    assert (checkout.folder / "data/0.txt").exists()


def test_running_a_stage_anew_leaves_the_bytes_that_its_old_output_shares_with_the_cache(finished_house):
    commit(finished_house)
    checkout = check_out(find_home(finished_house), git.resolve(finished_house, "HEAD"), "laptop")
    checkout.lock.write_bytes((finished_house / "dvc.lock").read_bytes())
    dvc(checkout.folder, "pull", "--quiet")
    before = {path: path.read_bytes() for path in (finished_house / ".dvc/cache/files").rglob("*") if path.is_file()}
    linked = checkout.folder / "outputs/count/counts.json"
    assert linked.stat().st_nlink > 1 or linked.stat().st_mode & 0o222  # a hard link, or a reflink of its own
    stage = checkout.folder / "components/words/letters.py"
    stage.write_text(stage.read_text().replace("isalpha", "isspace"))
    dvc(checkout.folder, "repro", "--quiet")
    assert linked.read_text() != (finished_house / "outputs/count/counts.json").read_text()
    assert {path: path.read_bytes() for path in before} == before


def test_two_processes_cannot_hold_one_profile_and_a_killed_one_lets_go(house):
    holder = "import sys, time; from pathlib import Path; from components.revisions.home import find_home\n"
    holder += "with find_home(Path('.')).busy('tiny'): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", holder], cwd=house, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match="profile tiny"), find_home(house).busy("tiny"):
            pass
        process.kill()
    with find_home(house).busy("tiny"):
        pass


def test_a_commit_that_made_a_version_survives_the_removal_of_its_branch(house):
    run(house, "git", "checkout", "--quiet", "-b", "aside")
    made = commit(house, "aside")
    run(house, "git", "checkout", "--quiet", "main")
    assert git.hold(house, made, "fusar-gpt", "3") == "refs/fusar/fusar-gpt/3"
    run(house, "git", "branch", "-D", "aside")
    run(house, "git", "reflog", "expire", "--expire=now", "--all")
    run(house, "git", "gc", "--quiet", "--prune=now")
    assert git.resolve(house, "refs/fusar/fusar-gpt/3") == made


def test_every_error_survives_pickling_and_names_a_remedy():
    samples = [
        errors.NotARepository("/x", "no"), errors.RefusedRevision("-x"), errors.UnknownRevision("x"),
        errors.UnknownProfile("p", "c" * 40, ("a",)), errors.GitFailed("log", "no"), errors.Busy("p"),
        errors.CheckoutChanged("/x", ("a",)), errors.UnsafeOutput("a"), errors.UnreadableGraph("/x", "no"),
        errors.UnknownStage("s", ("a",)), errors.TornLock("s", "a"),
        errors.LeaseUnreachable("s3://x", "no"), errors.JoinedFailed("p", "no"),
        errors.NotPublished("c" * 40, "git://x/y"), errors.RefusedCommit("c" * 40, "dvc.yaml", "no"),
        errors.Poisoned("s", "a", "no"), errors.DataNotAdded("/x", "no"), errors.NoExclusiveCreate("s3://x"),
        errors.NoFolder("/x", "no"),
    ]  # fmt: skip
    assert {type(sample) for sample in samples} == set(errors.RevisionError.__subclasses__())
    for sample in samples:
        assert str(pickle.loads(pickle.dumps(sample))) == str(sample)
