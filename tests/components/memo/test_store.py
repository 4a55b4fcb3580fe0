from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.memo.errors import MemoUnreachable
from components.memo.store import MEMO, Memo, memo_here, memo_key

KEY = memo_key("scene", b"bytes")


def test_what_was_put_comes_back_and_what_was_not_does_not(tmp_path: Path) -> None:
    memo = Memo(str(tmp_path / "memo"))
    assert memo.get(KEY) is None
    memo.put(KEY, b"chips")
    memo.put(KEY, b"chips")
    assert Memo(f"file://{tmp_path}/memo").get(KEY) == b"chips"


def test_an_empty_result_is_a_result(tmp_path: Path) -> None:
    memo = Memo(str(tmp_path))
    memo.put(KEY, b"")
    assert memo.get(KEY) == b""


@pytest.mark.parametrize("damage", [lambda entry: entry[:-1], lambda entry: entry + b"x", lambda entry: b""])
def test_a_damaged_entry_counts_as_none_and_can_be_put_again(tmp_path: Path, damage) -> None:
    memo = Memo(str(tmp_path))
    memo.put(KEY, b"chips" * 100)
    (entry,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    entry.write_bytes(damage(entry.read_bytes()))
    assert memo.get(KEY) is None
    memo.put(KEY, b"chips" * 100)
    assert memo.get(KEY) == b"chips" * 100


def test_readers_see_all_or_nothing_while_others_write(tmp_path: Path) -> None:
    content = b"c" * 2_000_000
    writers = [Thread(target=Memo(str(tmp_path)).put, args=(KEY, content)) for _ in range(4)]
    for writer in writers:
        writer.start()
    seen = {Memo(str(tmp_path)).get(KEY) for _ in range(50)}
    for writer in writers:
        writer.join()
    assert seen <= {None, content}
    assert Memo(str(tmp_path)).get(KEY) == content
    assert not list(tmp_path.rglob("*.partial"))


def test_a_store_that_cannot_be_used_is_named_with_the_variable_to_unset(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MemoUnreachable, match="FUSAR_MEMO"):
        Memo(str(tmp_path / "file")).put(KEY, b"chips")


def test_without_the_variable_there_is_no_memo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MEMO, raising=False)
    assert memo_here() is None
    monkeypatch.setenv(MEMO, str(tmp_path))
    memo = memo_here()
    assert memo is not None and memo.url == str(tmp_path)


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_other_parts_or_other_cuts_between_parts_are_another_key(one: list[bytes], two: list[bytes]) -> None:
    assert (memo_key(*one) == memo_key(*two)) == (one == two)
