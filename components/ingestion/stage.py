"""The stage `ingest`: from scenes to georeferenced chips."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from components.contract.stage import Metrics, Paths, Stage
from components.ingestion.config import IngestConfig

if TYPE_CHECKING:
    from components.ingestion.scenes import Outcome


def run_ingest(config: IngestConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Cut every scene into chips of backscatter codes; list in `set_aside` each scene that could not be used.

    Raises:
        NoScenes: not one scene could be cut.
        BrokenWithdrawals: withdrawn.csv cannot be read.
    """
    from components.ingestion.doubles import set_doubles_aside
    from components.ingestion.errors import NoScenes
    from components.ingestion.fan_out import process_all
    from components.ingestion.scenes import Job, version_of
    from components.ingestion.withdrawals import read_withdrawn
    from components.records.schemas import SET_ASIDE
    from components.records.tables import write_table

    # Absolute, since a Dask worker may have been started in another folder.
    data, chips = inputs["data"].absolute(), outputs["chips"].absolute()
    chips.mkdir(parents=True, exist_ok=True)
    job = Job(config, data, chips, read_withdrawn(inputs["withdrawn"]), version_of(config))
    outcomes = set_doubles_aside(process_all(sorted((data / "items").glob("*.json")), job), job)
    rows = [outcome.set_aside for outcome in outcomes if outcome.set_aside is not None]
    write_table(rows, SET_ASIDE, outputs["set_aside.parquet"])
    for row in rows:
        print(f"set aside {row['scene_id']}: {row['file']}: {row['code']}: {row['reason']}", file=sys.stderr)
    kinds = Counter(outcome.kind for outcome in outcomes)
    print(f"scenes cut {kinds['cut']}, restored from the memo {kinds['restored']}", file=sys.stderr)
    if not kinds["cut"] + kinds["restored"]:
        first = f"{rows[0]['file']}: {rows[0]['reason']}" if rows else ""
        raise NoScenes(inputs["data"] / "items", len(rows), first)
    # Cut and restored chips are the same bytes, so the metrics must not tell them apart.
    return {
        "scenes_cut": kinds["cut"] + kinds["restored"],
        "scenes_set_aside": kinds["set aside"],
        "scenes_withdrawn": kinds["withdrawn"],
        **_count_chips(outcomes),
    }


def _count_chips(outcomes: "Sequence[Outcome]") -> Metrics:
    splits: Counter[str] = Counter()
    for outcome in outcomes:
        splits.update(outcome.splits)
    counted = {f"chips_{split}": float(splits[split]) for split in ("train", "val", "test")}
    return {"chips": float(splits.total()), **counted}


STAGES = (
    Stage(
        name="ingest",
        config=IngestConfig,
        run=run_ingest,
        inputs={"data": "data", "withdrawn": "withdrawn.csv"},
        outputs=("chips", "set_aside.parquet"),
    ),
)
