"""Rows of files by content: the same table with and without a memo, and only what is new is measured."""

from pathlib import Path

import pyarrow as pa

from components.memo.rows import Rows, rows_of
from components.memo.store import Memo

SCHEMA = pa.schema([("file", pa.string()), ("word", pa.string()), ("length", pa.float64())])


class Measuring:
    def __init__(self) -> None:
        self.measured: list[str] = []

    def __call__(self, file: Path) -> pa.Table:
        self.measured.append(file.name)
        words = file.read_text().split()
        return pa.table([[file.name] * len(words), words, [float(len(word)) for word in words]], schema=SCHEMA)


def files_in(folder: Path, count: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number:03d}.txt").write_text(f"a{number} bb{number * 7}")
    return sorted(folder.glob("*.txt"))


def asked(files: list[Path], memo: Memo | None, version: str = "1") -> tuple[Rows, list[str]]:
    measuring = Measuring()
    return rows_of(files, SCHEMA, measuring, memo, version), measuring.measured


def test_only_a_new_and_a_changed_file_are_measured_and_the_table_is_that_without_a_memo(tmp_path: Path) -> None:
    memo = Memo(str(tmp_path / "memo"))
    files = files_in(tmp_path / "files", 150)
    first, measured = asked(files, memo)
    assert (len(measured), first.anew, first.known) == (150, 300, 0)
    files[3].write_text("changed")
    (tmp_path / "files" / "0005.txt").write_text("new one here")
    files[40].unlink()
    files = sorted((tmp_path / "files").glob("*.txt"))
    second, measured = asked(files, memo)
    assert (sorted(measured), second.anew, second.known) == (["0005.txt", "003.txt"], 4, 296)
    assert second.table == asked(files, None)[0].table


def test_the_same_bytes_under_another_name_are_measured(tmp_path: Path) -> None:
    memo = Memo(str(tmp_path / "memo"))
    files = files_in(tmp_path / "files", 2)
    asked(files, memo)
    renamed = files[1].rename(tmp_path / "files" / "renamed.txt")
    rows, measured = asked([files[0], renamed], memo)
    assert measured == ["renamed.txt"]
    assert rows.table["file"].to_pylist() == ["000.txt"] * 2 + ["renamed.txt"] * 2


def test_another_version_measures_all_again(tmp_path: Path) -> None:
    memo = Memo(str(tmp_path / "memo"))
    files = files_in(tmp_path / "files", 5)
    asked(files, memo)
    assert len(asked(files, memo, "2")[1]) == 5


def test_damaged_rows_are_measured_again(tmp_path: Path) -> None:
    memo = Memo(str(tmp_path / "memo"))
    files = files_in(tmp_path / "files", 1)
    first, _ = asked(files, memo)
    (entry,) = (path for path in (tmp_path / "memo").rglob("*") if path.is_file())
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    again, measured = asked(files, memo)
    assert measured == ["000.txt"] and again.table == first.table


def test_no_files_give_an_empty_table(tmp_path: Path) -> None:
    assert asked([], Memo(str(tmp_path)))[0].table == SCHEMA.empty_table()
