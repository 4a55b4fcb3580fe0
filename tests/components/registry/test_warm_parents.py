"""Which version a folder belongs to, and what reached it: records in a real registry, without any training."""

from pathlib import Path

import pytest

from components.lineage.errors import IncompleteLineage, WithdrawnScenes, WithdrawnStart
from components.lineage.heeding import refuse_family
from components.lineage.index.index import open_index
from components.lineage.record import Content, Lineage, Parent
from components.lineage.versions import CHAIN_TAG, open_registry, write_lineage
from components.lineage.warm_starts import warm_start_of, warm_starts
from components.lineage.withdrawals import Withdrawal
from components.registry.models import KLIP
from components.registry.reached import reached_versions
from components.registry.warm_starts import FOLDER_TAG, warm_parent
from components.revisions.home import Home
from components.tracking.runs import Tracking
from tests.components.lineage.records import record, scene, stage

FOLDER, OTHER = "a" * 32 + ".dir", "b" * 32 + ".dir"
GONE = Withdrawal("md5 of scene9", "scene9", "licence ended", "Ada", "2026-01-01")
CONTENTS = {GONE.md5: GONE}


def made(md5: str, scenes: tuple[str, ...], parents: tuple[str, ...] = (), started_from: str = "") -> Lineage:
    pretrain = stage("pretrain").model_copy(
        update={"params": {"params.yaml": {"pretrain": {"seed": 1, "warm_start": started_from or None}}}}
    )
    return record(
        model="fusar-klip",
        model_folder=Content(path="outputs/pretrain/klip", md5=md5),
        stages=(stage("ingest"), pretrain),
        scenes=tuple(scene(name, f"place of {name}") for name in scenes),
        parents_needed=(),
        parents=tuple(Parent(model="fusar-klip", version=number, chain="k") for number in parents),
    )


def add(root: Path, lineage: Lineage, is_tagged: bool = True) -> None:
    client, folder = open_registry(root), root / "version"
    folder.mkdir(exist_ok=True)
    write_lineage(lineage, folder)
    logged = client.create_logged_model(Tracking(root).experiment_id, name="fusar-klip")
    client.log_model_artifacts(logged.model_id, str(folder))
    tags = {CHAIN_TAG: "chain", **({FOLDER_TAG: lineage.model_folder.md5} if is_tagged else {})}
    client.create_model_version("fusar-klip", f"models:/{logged.model_id}", tags=tags, model_id=logged.model_id)


def test_what_a_stage_started_from_is_read_from_its_parameters() -> None:
    lineage = made(OTHER, ("scene1",), started_from=FOLDER)
    assert warm_starts(lineage.stages) == (Content(path="warm_start/pretrain", md5=FOLDER),)
    assert warm_starts(made(OTHER, ("scene1",)).stages) == ()
    for params in ({}, {"params.yaml": None}, {"params.yaml": {"pretrain": 7}}, {"params.yaml": {"pretrain": {}}}):
        assert warm_start_of("pretrain", params) == ""


def test_a_folder_belongs_to_the_oldest_version_that_has_it_and_that_no_withdrawal_reached(root: Path) -> None:
    add(root, made(OTHER, ("scene1",)))
    add(root, made(FOLDER, ("scene1", "scene9")))
    add(root, made(FOLDER, ("scene1",)), is_tagged=False)  # registered before there was a tag
    add(root, made(FOLDER, ("scene1", "scene2")))
    client = open_registry(root)
    assert warm_parent(client, KLIP, FOLDER, {}) == Parent(model="fusar-klip", version="2", chain="chain")
    assert warm_parent(client, KLIP, FOLDER, CONTENTS).version == "3", "by its record"
    everywhere = {f"md5 of scene{n}": GONE for n in (1, 2, 9)}
    assert warm_parent(client, KLIP, FOLDER, everywhere).version == "2", "none is clean: it is refused later"
    with pytest.raises(IncompleteLineage, match=r"fusar-klip with the model folder c{32}.*pretrain\.warm_start names"):
        warm_parent(client, KLIP, "c" * 32 + ".dir", {})


def test_a_scene_that_reached_an_ancestor_reached_all_that_started_from_it(root: Path) -> None:
    add(root, made(FOLDER, ("scene1", "scene9")))
    add(root, made(OTHER, ("scene1",), ("1",), FOLDER))
    add(root, made("c" * 32 + ".dir", ("scene1",), ("2",), OTHER))
    add(root, made("d" * 32 + ".dir", ("scene1",)))
    client, home = open_registry(root), Home(root)
    with open_index(home) as index:
        index.refresh(client)
        reached = reached_versions(index, [GONE.md5])
    assert [(found.version, found.scenes) for found in reached] == [(n, ("scene9",)) for n in ("3", "2", "1")]
    grandchild = made("e" * 32 + ".dir", ("scene1",), ("2",), OTHER)
    refuse_family(client, "fusar-klip", grandchild, {})
    with pytest.raises(WithdrawnStart, match=r"fusar-klip: its weights come from fusar-klip/1(.|\n)*scene9 withdrawn"):
        refuse_family(client, "fusar-klip", grandchild, CONTENTS)
    with pytest.raises(WithdrawnScenes):
        refuse_family(client, "fusar-klip", made(OTHER, ("scene9",)), CONTENTS)
