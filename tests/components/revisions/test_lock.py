import pytest

from components.revisions.errors import TornLock
from components.revisions.home import Home
from components.revisions.lock import check_joined, keep, kept_lock, lock_digest, only, read_lock, write_lock
from tests.small_house import dvc


def test_a_lock_written_by_us_is_the_lock_that_dvc_reads(finished_house):
    lock = finished_house / "dvc.lock"
    entries = read_lock(lock)
    assert sorted(entries) == ["count", "cut", "total"]
    lock.unlink()
    write_lock(lock, entries)
    assert read_lock(lock) == entries
    assert "up to date" in dvc(finished_house, "status").stdout


def test_a_digest_that_looks_like_a_number_stays_a_text(tmp_path):
    digest = "12345678901234567890123456789e01"
    write_lock(tmp_path / "dvc.lock", {"a": {"cmd": "x", "outs": [{"path": "o", "md5": digest}]}})
    assert read_lock(tmp_path / "dvc.lock")["a"]["outs"][0]["md5"] == digest


def test_keeping_a_stage_leaves_the_other_entries_and_no_other_file(tmp_path):
    home = Home(tmp_path)
    keep(home, "tiny", {"a": {"cmd": "1"}, "b": {"cmd": "2"}})
    keep(home, "tiny", {"b": {"cmd": "3"}})
    assert read_lock(kept_lock(home, "tiny")) == {"a": {"cmd": "1"}, "b": {"cmd": "3"}}
    assert [path.name for path in home.locks.iterdir()] == ["tiny.lock"]


def test_only_what_is_up_to_date_is_left(tmp_path):
    assert only({"a": 1, "b": 2}, {"b", "c"}) == {"b": 2}


def test_a_stage_that_read_other_bytes_than_were_written_is_refused():
    above = {"outs": [{"path": "outputs/a/x", "md5": "1"}]}
    check_joined({"a": above, "b": {"deps": [{"path": "outputs/a/x", "md5": "1"}, {"path": "data", "md5": "7"}]}})
    with pytest.raises(TornLock, match=r"outputs/a/x: stage b read other bytes"):
        check_joined({"a": above, "b": {"deps": [{"path": "outputs/a/x", "md5": "2"}]}})


def test_the_digest_of_a_lock_does_not_depend_on_the_order_of_its_entries():
    assert lock_digest({"a": 1, "b": 2}) == lock_digest({"b": 2, "a": 1}) != lock_digest({"a": 1, "b": 3})
