"""The graph as dvc.lock alone tells it."""

from typing import Any

import pytest

from components.lineage.chain import chain_digest, external_inputs, orphans, upstream
from components.lineage.errors import IncompleteLineage


def entry(deps: dict[str, str], outs: dict[str, str], seed: int = 1) -> dict[str, Any]:
    return {
        "cmd": "run",
        "deps": [{"path": path, "md5": md5} for path, md5 in deps.items()],
        "params": {"params.yaml": {"seed": seed}},
        "outs": [{"path": path, "md5": md5} for path, md5 in outs.items()],
    }


LOCK = {
    "evaluate": entry({"outputs/train/model": "m"}, {"outputs/evaluate/items": "i"}),
    "train": entry({"outputs/cut/chips/one.parquet": "c", "components/training": "t"}, {"outputs/train/model": "m"}),
    "cut": entry({"data": "d.dir", "withdrawn.csv": "w", "requirements.lock": "r"}, {"outputs/cut/chips": "c.dir"}),
    "other": entry({"data": "d.dir"}, {"outputs/other/out": "o"}),
}


def test_upstream_is_in_the_order_of_the_work_and_leaves_out_what_lies_beside_or_behind() -> None:
    assert upstream(LOCK, "train") == ("cut", "train")
    assert [content.path for content in external_inputs(LOCK, ("cut", "train"))] == ["data", "withdrawn.csv"]


def test_the_digest_of_a_chain_changes_with_any_entry_in_it_and_with_no_other() -> None:
    chain = ("cut", "train")
    digest = chain_digest(LOCK, chain)
    assert chain_digest({**LOCK, "evaluate": entry({}, {}, 2)}, chain) == digest
    assert chain_digest({**LOCK, "cut": entry({"data": "other"}, {"outputs/cut/chips": "c.dir"})}, chain) != digest


def test_a_lost_entry_is_found_from_what_it_should_have_made() -> None:
    without = {name: entries for name, entries in LOCK.items() if name != "cut"}
    assert orphans(without, upstream(without, "train")) == ("outputs/cut/chips/one.parquet",)
    with pytest.raises(IncompleteLineage, match="lock entry of stage train"):
        upstream({"cut": LOCK["cut"]}, "train")
