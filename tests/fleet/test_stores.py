"""What many machines decide by creating one object, on a real S3 server."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from components.lineage.errors import NumberTaken
from components.lineage.journal import Journal
from components.memo.store import Memo, memo_key
from components.registry.errors import LostRace
from components.registry.ledger import Ledger
from components.revisions import objects
from components.revisions.errors import NoExclusiveCreate
from components.revisions.leases import lease
from tests.fleet.machines import free_port, this_machine, wait_for
from tests.fleet.object_store import BUCKET, ObjectStore
from tests.small_house import built_house, commit, dvc  # noqa: F401

WRITERS = 20
VALUES = {"chain": "c", "verdict_sha256": "0" * 64, "at": "2026-01-01T00:00:00+00:00"}


@pytest.fixture
def store(s3: ObjectStore, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A folder of the bucket for this test alone."""
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    return f"s3://{BUCKET}/{request.node.name}"


def _write(url: str, number: int, start: "multiprocessing.synchronize.Barrier") -> str:
    ledger = Ledger(url)
    seen = ledger.entries("fusar-gpt")
    start.wait()
    try:
        ledger.append("fusar-gpt", seen, version=str(number), **VALUES)
    except LostRace:
        return ""
    return str(number)


def _tell(url: str, number: int, start: "multiprocessing.synchronize.Barrier", answers: "multiprocessing.Queue[str]"):
    answers.put(_write(url, number, start))


def test_of_twenty_promoters_at_once_on_s3_one_writes_the_entry(store: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    start, answers = spawn.Barrier(4), spawn.Queue()
    processes = [spawn.Process(target=_tell, args=(store, number, start, answers)) for number in range(4)]
    for process in processes:
        process.start()
    won = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    (winner,) = [number for number in won if number]
    ledger = Ledger(store)
    assert [written.entry.version for written in ledger.entries("fusar-gpt")] == [winner]
    seen = ledger.entries("fusar-gpt")

    def append(number: int) -> bool:
        try:
            Ledger(store).append("fusar-gpt", seen, version=str(number), **VALUES)
        except LostRace:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        assert sum(pool.map(append, range(WRITERS))) == 1
    assert len(ledger.entries("fusar-gpt")) == 2
    assert ledger.faults("fusar-gpt") == ()


def test_a_journal_on_s3_finds_an_entry_that_was_edited(store: str) -> None:
    journal = Journal(store, "ledger/m")
    first = journal.append((), {"what": "first"})
    journal.append((first,), {"what": "second"})
    with pytest.raises(NumberTaken):
        journal.append((first,), {"what": "another second"})
    files, path = fsspec.core.url_to_fs(first.path if "://" in first.path else f"s3://{first.path}")
    files.pipe_file(path, files.cat_file(path).replace(b"first", b"forged"))
    (fault,) = journal.faults()
    assert (fault.kind, fault.path) == ("edited", first.path)


def test_a_lease_on_s3_has_one_holder_at_a_time(store: str) -> None:
    inside: list[int] = []
    most: list[int] = []

    def hold(number: int) -> None:
        with lease(store, "a-stage", f"holder {number}", seconds=30):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(hold, range(5)))
    assert most == [1] * 5


def test_the_memo_on_s3_gives_back_what_was_put_and_nothing_that_was_damaged(store: str) -> None:
    memo, key = Memo(f"{store}/memo"), memo_key("a scene", b"and its parameters")
    assert memo.get(key) is None
    memo.put(key, b"chips" * 1000)
    assert memo.get(key) == b"chips" * 1000
    files, root = fsspec.core.url_to_fs(f"{store}/memo")
    (path,) = [path for path in files.find(root) if key[2:] in path.replace("/", "")]
    files.pipe_file(path, files.cat_file(path)[:-1])
    files.invalidate_cache()
    assert memo.get(key) is None


def test_what_one_clone_pushes_to_s3_another_restores_without_running_it(
    store: str,
    built_house: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    subprocess.run(["cp", "-a", str(built_house), str(one)], check=True)
    dvc(one, "remote", "modify", "local", "url", store)
    commit(one, "on s3")
    dvc(one, "repro", "--quiet")
    dvc(one, "push", "--quiet", "--run-cache")
    subprocess.run(["git", "clone", "--quiet", str(one), str(two)], check=True)
    dvc(two, "pull", "--quiet", "data")
    trace = tmp_path / "second-trace"
    dvc(two, "repro", "--quiet", "--pull", SMALL_HOUSE_TRACE=str(trace))
    assert not trace.exists()
    assert (two / "outputs/total/total.json").read_text() == (one / "outputs/total/total.json").read_text()


def test_a_server_that_overwrites_what_it_should_create_is_refused_before_anything_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("s3fs", reason="requirements-fleet.lock is not installed")
    rclone = Path(sys.executable).with_name("rclone")
    if not rclone.exists():
        pytest.skip("no rclone: requirements-dev.lock is not installed")
    port, key, secret = free_port(), "a-key", "a-secret"
    options = ("--addr", f"127.0.0.1:{port}", "--auth-key", f"{key},{secret}")
    access = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    for name, value in {**access, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
        monkeypatch.setenv(name, value)
    try:
        with this_machine(tmp_path / "rclone") as machine:
            machine.start("rclone", str(rclone), "serve", "s3", *options, str(machine.home))
            wait_for(lambda: machine.listens(port), "rclone")
            fsspec.get_filesystem_class("s3").clear_instance_cache()
            files = fsspec.filesystem("s3")
            files.mkdir("fusar")
            with pytest.raises(NoExclusiveCreate, match="fusar/prefix/ledger: this store overwrites"):
                Ledger("s3://fusar/prefix").append("fusar-gpt", (), version="1", **VALUES)
            assert not files.exists("fusar/prefix/ledger/fusar-gpt/1.json")
            with pytest.raises(NoExclusiveCreate), lease("s3://fusar/prefix", "a-stage", "somebody"):
                pass
    finally:
        objects._ask_whether_exclusive.cache_clear()
        fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_variables_of_the_store_reach_no_other_test() -> None:
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ
