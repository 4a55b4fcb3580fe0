"""Verifying a version on real git, DVC and MLflow: each kind of damage is found and named, and nothing else is."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from typer.testing import CliRunner

from cli.app import app
from components.lineage.errors import FolderNotEmpty, NoWorkspace
from components.lineage.manifest import MANIFEST_FILE, MANIFEST_TAG, FileEntry, read_manifest, write_manifest
from components.lineage.objects import digests_of_file
from components.lineage.verification import Verification, verify
from components.lineage.versions import fetch, open_registry, resolve
from components.lineage.withdrawals import journal_of
from components.lineage.workspace import give_back
from components.registry.registration import register
from components.revisions import git
from components.revisions.home import Home
from tests.components.registry.made import SCENES, MadeHouse, build
from tests.small_house import dvc

NAME = "fusar-gpt/1"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> MadeHouse:
    """A registered version whose data and outputs are in the remote."""
    house = build(tmp_path_factory.mktemp("audit"))
    house.prepare()
    finished = house.retrain()
    dvc(finished.checkout.folder, "push", "--quiet")
    register(finished)
    return house


def _version(house: MadeHouse, name: str = NAME) -> tuple[MlflowClient, ModelVersion]:
    client = open_registry(house.root)
    return client, resolve(client, name)


def _verify(house: MadeHouse, name: str = NAME) -> Verification:
    return verify(Home(house.root), *_version(house, name))


def _kinds(found: Verification) -> set[tuple[str, str]]:
    return {(problem.kind, problem.path) for problem in found.problems}


def _artifact(house: MadeHouse, path: str) -> Path:
    client, version = _version(house)
    location = client.get_logged_model(str(version.source).removeprefix("models:/")).artifact_location
    return Path(str(location).removeprefix("file://")) / path


def _entry(house: MadeHouse, path: str) -> FileEntry:
    return next(entry for entry in read_manifest(*_version(house)) if entry.path == path)


def _object(house: MadeHouse, path: str) -> Path:
    md5 = _entry(house, path).md5
    return house.root / ".fusar/remote/files/md5" / md5[:2] / md5[2:]


@contextmanager
def _replaced(path: Path, content: bytes | None) -> Iterator[None]:
    """A file with other content, or none, inside the block."""
    before = path.read_bytes()
    path.chmod(0o644)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(before)


def _flipped(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    return bytes(content)


@pytest.mark.parametrize("name", ["fusar-klip/1", NAME])
def test_a_version_as_it_was_registered_is_whole(house: MadeHouse, name: str) -> None:
    found = _verify(house, name)
    assert found.problems == ()
    assert found.notes == ()
    assert found.files == len(read_manifest(*_version(house, name)))


def test_the_manifest_names_every_file_with_both_hashes_and_its_size(house: MadeHouse, tmp_path: Path) -> None:
    entries = read_manifest(*_version(house))
    roles = {entry.role for entry in entries}
    assert roles == {*("input", "stage output", "model file", "record", "evaluation", "lock", "params", "requirements")}
    scene = _entry(house, f"data/scenes/{SCENES[0]}.tif")
    content = f"scenes of {SCENES[0]}".encode()
    assert (scene.store, scene.role, scene.size) == ("remote", "input", len(content))
    assert scene.sha256 == hashlib.sha256(content).hexdigest()
    assert scene.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    folder = fetch(*_version(house), "", tmp_path)
    here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    listed = {entry.path: entry for entry in entries if entry.store == "artifacts"}
    assert here.keys() - listed.keys() == {MANIFEST_FILE}
    assert all(digests_of_file(path).sha256 == listed[name].sha256 for name, path in here.items() if name in listed)
    tag = _version(house)[1].tags[MANIFEST_TAG]
    assert tag == hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()


def test_a_flipped_bit_in_the_remote_is_found_in_that_file_alone(house: MadeHouse) -> None:
    path = f"outputs/ingest/chips/{SCENES[1]}.parquet"
    with _replaced(_object(house, path), _flipped(_object(house, path))):
        found = _verify(house)
    assert _kinds(found) == {("changed", path)}
    assert "in the DVC remote" in found.problems[0].sentence


@pytest.mark.parametrize(
    "path", ["data/scenes/brest-c3.tif", "outputs/ingest/chips", "outputs/pretrain/klip/model.safetensors"]
)
def test_what_the_remote_lost_is_missing_and_the_cache_that_still_has_it_is_named(house: MadeHouse, path: str) -> None:
    with _replaced(_object(house, path), None):
        found = _verify(house)
    assert _kinds(found) == {("missing", path)}
    assert "`dvc push`" in found.problems[0].sentence


def test_what_was_purged_is_told_apart_from_what_is_missing(house: MadeHouse) -> None:
    path = "data/scenes/calais-c3.tif"
    journal = journal_of(Home(house.root))
    content = {
        "action": "purge",
        "md5": _entry(house, path).md5,
        "scene_id": "calais-c3",
        "name": "anna",
        "time": "2026-11-27T01:00:00Z",
        "objects": [{"md5": _entry(house, path).md5, "path": path}],
    }
    line = journal.append(journal.lines(), content)
    try:
        with _replaced(_object(house, path), None):
            found = _verify(house)
        assert _kinds(found) == {("purged", path)}
        assert "purged on 2026-11-27T01:00:00Z by anna" in found.problems[0].sentence
        assert _verify(house).is_whole, "what is still there is no problem, whatever the journal says"
    finally:
        Path(line.path).unlink()


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_flipped_bit_in_the_artifact_store_is_found(house: MadeHouse, name: str) -> None:
    path = f"artifacts/gpt/{name}"
    with _replaced(_artifact(house, path), _flipped(_artifact(house, path))):
        assert _kinds(_verify(house)) == {("changed", path)}


def test_a_file_that_serving_needs_and_one_that_nobody_registered(house: MadeHouse) -> None:
    with _replaced(_artifact(house, "artifacts/gpt/config.json"), None):
        assert _kinds(_verify(house)) == {("missing", "artifacts/gpt/config.json")}
    added = _artifact(house, "artifacts/gpt/optimizer.pt")
    added.write_bytes(b"a pickle")
    try:
        assert _kinds(_verify(house)) == {("unlisted", "artifacts/gpt/optimizer.pt")}
    finally:
        added.unlink()


def test_a_swapped_tokenizer_is_found_although_the_manifest_was_swapped_with_it(
    house: MadeHouse, tmp_path: Path
) -> None:
    path = "artifacts/gpt/tokenizer.json"
    with _replaced(_artifact(house, path), b"{}"):
        swapped = digests_of_file(_artifact(house, path))
        entries = [
            FileEntry(entry.role, entry.store, path, swapped.md5, swapped.sha256, swapped.size)
            if entry.path == path
            else entry
            for entry in read_manifest(*_version(house))
        ]
        write_manifest(entries, tmp_path)
        with _replaced(_artifact(house, MANIFEST_FILE), (tmp_path / MANIFEST_FILE).read_bytes()):
            kinds = _kinds(_verify(house))
    assert kinds == {("changed", MANIFEST_FILE), ("changed", "outputs/instruct/gpt")}


def test_an_edited_lock_is_named_with_the_stage_and_the_path(house: MadeHouse) -> None:
    lock = _artifact(house, "dvc.lock")
    md5 = _entry(house, "outputs/pretrain/klip").md5.encode()
    with _replaced(lock, lock.read_bytes().replace(md5, b"0" * 32 + b".dir")):
        found = _verify(house)
    assert _kinds(found) == {("changed", "dvc.lock"), ("lock", "dvc.lock")}
    assert "pretrain outputs/pretrain/klip" in " ".join(problem.sentence for problem in found.problems)
    with _replaced(lock, b"{not: [a lock"):
        assert ("lock", "dvc.lock") in _kinds(_verify(house))


def test_an_edited_record_is_found(house: MadeHouse) -> None:
    record = _artifact(house, "lineage.json")
    content = json.loads(record.read_text())
    content["chain"] = "0" * 64
    with _replaced(record, json.dumps(content).encode()):
        assert _kinds(_verify(house)) == {("changed", "lineage.json"), ("record", "lineage.json")}
    with _replaced(record, b"{}"):
        assert ("record", "lineage.json") in _kinds(_verify(house))


def test_a_moved_or_lost_git_ref_is_found(house: MadeHouse) -> None:
    ref = "refs/fusar/fusar-gpt/1"
    commit = git.resolve(house.root, ref)
    branches = {name: git.resolve(house.root, name) for name in git.branches_with(house.root, commit)}
    git.git(house.root, "update-ref", "-d", ref)
    try:
        assert branches and _verify(house).is_whole, "a branch holds it, as in a clone of a machine that registers"
        for branch in branches:
            git.git(house.root, "update-ref", "-d", branch)
        assert _kinds(_verify(house)) == {("commit", ref)}
        other = git.git(
            house.root,
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@localhost",
            "commit-tree",
            "-m",
            "x",
            f"{commit}^{{tree}}",
        )
        git.git(house.root, "update-ref", ref, other.decode().strip())
        found = _verify(house)
        assert _kinds(found) == {("commit", ref)}
        assert "was moved" in found.problems[0].sentence
    finally:
        for name, held in {**branches, ref: commit}.items():
            git.git(house.root, "update-ref", name, held)
    assert _verify(house).is_whole


def test_a_clone_without_the_commit_is_told(house: MadeHouse, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(house.root / ".fusar/remote", other / ".fusar/remote")
    (other / ".dvc").mkdir()
    shutil.copy(house.root / ".dvc/config", other / ".dvc/config")
    git.git(other, "init", "--quiet")
    client, version = _version(house)
    found = verify(Home(other), client, version)
    assert ("commit", version.tags["fusar.commit"]) in _kinds(found)


def test_a_version_without_a_manifest_is_held_to_its_md5s_and_says_so(house: MadeHouse) -> None:
    client, version = _version(house)
    digest = version.tags[MANIFEST_TAG]
    client.delete_model_version_tag(version.name, version.version, MANIFEST_TAG)
    try:
        found = _verify(house)
        assert found.is_whole
        assert "before versions had a manifest" in found.notes[0]
        path = "artifacts/gpt/tokenizer.json"
        with _replaced(_artifact(house, path), _flipped(_artifact(house, path))):
            assert _kinds(_verify(house)) == {("changed", path)}
    finally:
        client.set_model_version_tag(version.name, version.version, MANIFEST_TAG, digest)


def test_the_command_names_what_is_wrong_and_exits_1(house: MadeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house.root)
    monkeypatch.setenv("COLUMNS", "250")
    whole = CliRunner().invoke(app, ["lineage", "verify", NAME])
    assert whole.exit_code == 0, whole.output
    assert "every one is there and unchanged" in whole.output
    with _replaced(_artifact(house, "params.yaml"), b"seed: 2\n"):
        damaged = CliRunner().invoke(app, ["lineage", "verify", NAME, "--json"])
        assert damaged.exit_code == 1
        found = json.loads(damaged.stdout)
        assert [(problem["kind"], problem["path"]) for problem in found["problems"]] == [("changed", "params.yaml")]
        assert not found["is_whole"]
        assert "params.yaml" in CliRunner().invoke(app, ["lineage", "verify", NAME]).output


def test_a_workspace_comes_back_whole_and_dvc_finds_it_clean(house: MadeHouse, tmp_path: Path) -> None:
    space = give_back(Home(house.root), *_version(house), tmp_path / "space")
    assert space.changed == {}
    assert git.resolve(space.folder, "HEAD") == _version(house)[1].tags["fusar.commit"]
    assert (space.folder / f"data/scenes/{SCENES[0]}.tif").read_text() == f"scenes of {SCENES[0]}"
    assert set(space.paths) >= {"data", "outputs/instruct/gpt", "outputs/evaluate/items.parquet"}
    assert dvc(space.folder, "status").stdout.strip() == "Data and pipelines are up to date."
    with pytest.raises(FolderNotEmpty):
        give_back(Home(house.root), *_version(house), space.folder)


def test_a_workspace_that_is_not_the_one_of_the_version_is_refused_and_leaves_nothing(
    house: MadeHouse, tmp_path: Path
) -> None:
    folder = tmp_path / "space"
    with _replaced(_artifact(house, "params.yaml"), b"seed: 2\n"), pytest.raises(NoWorkspace, match=r"params\.yaml"):
        give_back(Home(house.root), *_version(house), folder)
    lock = _artifact(house, "dvc.lock")
    edited = lock.read_bytes().replace(b"cmd: ", b"cmd: rm -rf / ; ")
    with _replaced(lock, edited), pytest.raises(NoWorkspace, match=r"dvc\.lock"):
        give_back(Home(house.root), *_version(house), folder)
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in git.git(house.root, "worktree", "list").decode()


@pytest.mark.slow
def test_a_later_evaluation_has_a_manifest_of_its_own(house: MadeHouse) -> None:
    house.seeds["evaluate"] = 2
    house.prepare(scores=0.7)
    finished = house.retrain()
    dvc(finished.checkout.folder, "push", "--quiet")
    register(finished)
    assert _verify(house).is_whole
    path = f"evaluations/{_version(house)[1].tags['fusar.evaluation']}/evaluation.json"
    assert _entry(house, path).role == "evaluation"
    with _replaced(_artifact(house, path), _artifact(house, path).read_bytes().replace(b"0.7", b"0.9")):
        assert _kinds(_verify(house)) == {("changed", path)}
