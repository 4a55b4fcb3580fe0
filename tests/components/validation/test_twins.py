"""Who was compared before is not compared again, and what is found is the same as if all were compared."""

import numpy as np
import pandas as pd
import pytest

from components.memo.store import Memo
from components.records.schemas import CHIPS
from components.records.tables import write_table
from components.validation import twins as module
from components.validation.likeness import hashed_chips
from components.validation.twins import twins

SIDE = 64


def pattern(seed):
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(120, 40, (1, SIDE, SIDE)), 1, 255).astype(np.uint8)


@pytest.fixture
def chip_files(tmp_path, chips):
    """Write chips, one file each: {chip: codes}; answer the rows of HASHED."""

    def write(codes):
        for name, values in codes.items():
            chip = {**chips[0], "chip_id": name, "polarizations": ["HH"], "backscatter": values.tobytes()}
            write_table([chip], CHIPS, tmp_path / "chips" / f"{name}.parquet")
        files = sorted((tmp_path / "chips").glob("*.parquet"))
        rows = pd.concat([hashed_chips(file).to_pandas() for file in files], ignore_index=True)
        return rows.set_index("chip_id", drop=False)

    return write


def test_what_the_memo_knows_is_not_looked_at_again_and_the_answer_is_the_same(tmp_path, chip_files, monkeypatch):
    mirrored = {f"mirror-{i}": np.ascontiguousarray(pattern(i)[:, :, ::-1]) for i in range(3)}
    again = {"mirror-0-again": np.ascontiguousarray(pattern(0)[:, ::-1])}
    rows = chip_files({f"own-{i}": pattern(i) for i in range(6)} | mirrored | again)
    looked_at, real = [], module.candidates
    memo, folder = Memo(str(tmp_path / "memo")), tmp_path / "chips"

    def counted(query, stored):
        looked_at.append((len(query), len(stored)))
        return real(query, stored)

    monkeypatch.setattr(module, "candidates", counted)

    def compared(left, right):
        """The answer with the memo, and how many pairs were compared in one orientation."""
        sides = (rows.loc[left], rows.loc[right])
        plain = twins(*sides, folder, None, "")
        looked_at.clear()
        assert twins(*sides, folder, memo, "key") == plain
        pairs = sum(one * other for one, other in looked_at)
        return plain, pairs // 8

    left, right = ["own-0", "own-1", "own-4"], ["mirror-0", "own-5"]
    assert compared(left, right) == ({"own-0": "mirror-0"}, 6)
    assert compared(left, right) == ({"own-0": "mirror-0"}, 0)
    assert compared([*left, "own-2"], right) == ({"own-0": "mirror-0"}, 2)
    assert compared([*left, "own-2"], [*right, "mirror-2"]) == ({"own-0": "mirror-0", "own-2": "mirror-2"}, 4)
    # The first of two that show the same stands for both, and the second where the first is gone.
    assert compared(left, ["mirror-0", "mirror-0-again"])[0] == {"own-0": "mirror-0"}
    assert compared(left, ["mirror-0-again"]) == ({"own-0": "mirror-0-again"}, 0)
    assert compared(["own-1"], ["mirror-1"]) == ({"own-1": "mirror-1"}, 1)


def test_a_damaged_entry_is_made_again(tmp_path, chip_files):
    rows = chip_files({"own": pattern(1), "mirror": np.ascontiguousarray(pattern(1)[:, ::-1])})
    memo, sides = Memo(str(tmp_path / "memo")), (rows.loc[["own"]], rows.loc[["mirror"]])
    assert twins(*sides, tmp_path / "chips", memo, "key") == {"own": "mirror"}
    (entry,) = (path for path in (tmp_path / "memo").rglob("*") if path.is_file())
    entry.write_bytes(entry.read_bytes()[:-3])
    assert twins(*sides, tmp_path / "chips", memo, "key") == {"own": "mirror"}


def test_nobody_to_compare_with_is_no_twin(tmp_path, chip_files):
    rows = chip_files({"own": pattern(1)})
    assert twins(rows, rows.iloc[:0], tmp_path / "chips", None, "") == {}
    assert twins(rows.iloc[:0], rows, tmp_path / "chips", None, "") == {}
