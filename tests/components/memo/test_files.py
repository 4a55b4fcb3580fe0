"""Files with notes in the memo: what comes back is what was kept, whole or not at all."""

import tracemalloc
from pathlib import Path

import pytest

from components.memo.errors import MemoUnreachable
from components.memo.files import keep_file, restore_file
from components.memo.store import Memo, memo_key

KEY = memo_key("a scene")
NOTES = {"train": 3, "text": "a\nb"}


@pytest.fixture
def memo(tmp_path: Path) -> Memo:
    return Memo(str(tmp_path / "memo"))


@pytest.mark.parametrize("content", [b"", b"\n", b"PAR1\n\x00\xff", b"c" * 3_000_000])
def test_bytes_and_notes_come_back_together(memo: Memo, tmp_path: Path, content: bytes) -> None:
    source, target = tmp_path / "made", tmp_path / "restored"
    source.write_bytes(content)
    assert restore_file(memo, KEY, target) is None and not target.exists()
    keep_file(memo, KEY, source, NOTES)
    assert restore_file(memo, KEY, target) == NOTES
    assert target.read_bytes() == content


@pytest.mark.parametrize("damage", [lambda entry: entry[:-1], lambda entry: entry + b"x", lambda entry: entry[:20]])
@pytest.mark.parametrize("place", [3, 34, 45])
def test_a_damaged_entry_leaves_what_was_there_and_can_be_kept_again(memo: Memo, tmp_path: Path, damage, place) -> None:
    source, target = tmp_path / "made", tmp_path / "restored"
    source.write_bytes(b"chips" * 100)
    target.write_bytes(b"before")
    keep_file(memo, KEY, source, NOTES)
    (entry,) = (path for path in Path(memo.url).rglob("*") if path.is_file())
    whole = entry.read_bytes()
    for broken in (damage(whole), whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :], b""):
        entry.write_bytes(broken)
        assert restore_file(memo, KEY, target) is None
    assert target.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "memo", "restored"]
    keep_file(memo, KEY, source, NOTES)
    assert restore_file(memo, KEY, target) == NOTES


def test_a_large_file_is_never_whole_in_memory(memo: Memo, tmp_path: Path) -> None:
    source = tmp_path / "made"
    with source.open("wb") as file:
        file.truncate(60_000_000)
    tracemalloc.start()
    try:
        keep_file(memo, KEY, source, NOTES)
        assert restore_file(memo, KEY, tmp_path / "restored") == NOTES
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_store_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MemoUnreachable, match="FUSAR_MEMO"):
        keep_file(Memo(str(tmp_path / "file")), KEY, tmp_path / "file", NOTES)
    with pytest.raises(MemoUnreachable, match="FUSAR_MEMO"):
        restore_file(Memo(str(tmp_path / "file")), KEY, tmp_path / "restored")
