from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.contract.errors import FusarError
from components.records.schemas import INJECTED, SET_ASIDE
from components.records.tables import WrongSchema, read_table, table_stream, write_table

ROW = {"scene_id": "s1", "file": "scenes/s1.tif", "code": "missing-crs", "reason": "no CRS"}


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    write_table([ROW], SET_ASIDE, tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet", SET_ASIDE).to_pylist() == [ROW]


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_table([{**ROW, "scene_id": name}], SET_ASIDE, tmp_path / f"{name}.parquet")
    assert read_table(tmp_path, SET_ASIDE, ["scene_id"])["scene_id"].to_pylist() == ["a", "b"]


def test_an_empty_folder_is_an_empty_table(tmp_path: Path) -> None:
    assert read_table(tmp_path, SET_ASIDE).num_rows == 0


def test_another_schema_is_refused_by_name_and_version(tmp_path: Path) -> None:
    write_table([ROW], SET_ASIDE, tmp_path / "a.parquet")
    with pytest.raises(WrongSchema, match=r"a\.parquet: holds set_aside version 1, but injected version 1"):
        read_table(tmp_path / "a.parquet", INJECTED)


def test_a_file_that_is_no_parquet_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    with pytest.raises(FusarError, match=r"a\.parquet: cannot be read as Parquet"):
        read_table(tmp_path / "a.parquet", SET_ASIDE)


def test_a_row_without_a_required_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="reason"):
        write_table([{**ROW, "reason": None}], SET_ASIDE, tmp_path / "a.parquet")


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table([ROW], SET_ASIDE, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_stream_is_the_table_that_its_parts_make_and_large_ones_have_row_groups(tmp_path: Path, monkeypatch) -> None:
    rows = [{"scene_id": f"s{i}", "file": "items/x.json", "code": "truncated", "reason": "r" * 100} for i in range(90)]
    write_table(rows, SET_ASIDE, tmp_path / "whole.parquet")

    def stream(name: str) -> Path:
        with table_stream(SET_ASIDE, tmp_path / name) as write:
            for start in range(0, 90, 7):
                write(pa.Table.from_pylist(rows[start : start + 7], schema=SET_ASIDE))
        return tmp_path / name

    assert stream("parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    monkeypatch.setattr("components.records.tables._ROW_GROUP_BYTES", 2000)
    grouped = stream("groups.parquet")
    assert pq.ParquetFile(grouped).num_row_groups > 2
    assert read_table(grouped, SET_ASIDE).to_pylist() == rows


def test_a_stream_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no more"), table_stream(SET_ASIDE, tmp_path / "t.parquet") as write:
        write(SET_ASIDE.empty_table())
        raise ValueError("no more")
    assert list(tmp_path.iterdir()) == []
