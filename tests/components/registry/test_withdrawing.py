"""Taking a scene back: real git, DVC, MLflow and journal; whatever is checked out, it cannot come back."""

import csv
import shutil
from pathlib import Path

import pytest

from components.ingestion.withdrawals import read_withdrawn
from components.lineage.errors import WithdrawnScenes
from components.lineage.heeding import refuse_checkout
from components.lineage.stores import Stores
from components.lineage.versions import open_registry, resolve, versions_of
from components.lineage.withdrawals import WITHDRAWN_TAG, journal_of, parse_withdrawn, purged, withdrawn
from components.records import schemas
from components.records.tables import read_table, write_table
from components.registry.errors import BadWithdrawal, UnknownScene
from components.registry.promotion import Promoter
from components.registry.purging import purge
from components.registry.reached import readable_records
from components.registry.registration import Registered, register
from components.registry.successors import successions
from components.registry.withdrawing import Request, Withdrawing, withdraw
from components.registry.withdrawn_list import add_to_list
from components.revisions.checkout import check_out
from components.revisions.git import git
from components.revisions.home import Home
from tests.components.registry.made import MadeHouse, build
from tests.small_house import ROOT, commit, dvc

SCENE = "brest-c3"
REQUEST = Request(SCENE, "the  licence\nended\u202e", "Ada")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> MadeHouse:
    house = build(tmp_path_factory.mktemp("withdrawing"))
    (house.root / "mlruns").mkdir()
    shutil.copy(ROOT / "mlruns/.gitignore", house.root / "mlruns")  # an old commit brings no old database
    house.prepare()
    return house


@pytest.fixture(scope="module")
def registered(house: MadeHouse) -> tuple[Registered, ...]:
    """Both models with one version, each its champion."""
    versions = register(house.retrain())
    promoter = Promoter(Home(house.root))
    assert [promoter.consider(v.model, v.version).state for v in versions] == ["champion", "champion"]
    return versions


@pytest.fixture(scope="module")
def old_commit(house: MadeHouse, registered: tuple[Registered, ...]) -> str:
    return git(house.root, "rev-parse", "HEAD").decode().strip()


@pytest.fixture(scope="module")
def done(house: MadeHouse, old_commit: str) -> Withdrawing:
    return withdraw(Home(house.root), open_registry(house.root), REQUEST)


def test_a_scene_is_withdrawn_by_its_content_in_the_file_and_in_the_journal(
    house: MadeHouse, done: Withdrawing
) -> None:
    (row,) = done.contents
    assert (row.scene_id, row.reason, row.name) == (SCENE, "the licence ended", "Ada")
    assert read_withdrawn(house.root / "withdrawn.csv") == {row.md5}, "ingestion reads the same"
    assert withdrawn(Home(house.root)) == {row.md5: row}, "before anything is committed: from the journal"
    again = withdraw(Home(house.root), open_registry(house.root), REQUEST)
    assert again.contents == done.contents
    assert len(journal_of(Home(house.root)).lines()) == 1


def test_every_version_that_it_reached_is_tagged_and_can_no_longer_be_promoted(
    house: MadeHouse, done: Withdrawing
) -> None:
    assert [(reached.model, reached.version) for reached in done.reached] == [("fusar-gpt", "1"), ("fusar-klip", "1")]
    client = open_registry(house.root)
    assert resolve(client, "fusar-gpt/1").tags[WITHDRAWN_TAG] == SCENE
    verdict = Promoter(Home(house.root)).check("fusar-gpt", "1")
    gate = next(judged for judged in verdict.gates if judged.gate == "no_withdrawn_scene")  # the policy names it not
    assert not gate.outcome.passed
    assert "brest-c3 (the licence ended)" in gate.outcome.reason
    assert "fusar-klip/1" in gate.outcome.reason, "its parent too"


def test_a_champion_that_it_reached_is_reported_with_what_to_do(house: MadeHouse, done: Withdrawing) -> None:
    found = successions(Home(house.root), open_registry(house.root), done.all_reached)
    assert [(s.model, s.version, s.successor) for s in found] == [("fusar-klip", "1", ""), ("fusar-gpt", "1", "")]
    assert "fusar retrain" in found[0].command


def test_a_commit_that_does_not_name_it_is_refused_before_any_work_and_at_registration(
    house: MadeHouse, done: Withdrawing, old_commit: str
) -> None:
    git(house.root, "add", "withdrawn.csv")
    commit(house.root, "withdraw")
    git(house.root, "checkout", "--quiet", "--detach", old_commit)
    assert parse_withdrawn((house.root / "withdrawn.csv").read_bytes(), "") == ()
    with pytest.raises(WithdrawnScenes, match=r"brest-c3.*withdrawn on .* by Ada: the licence ended"):
        refuse_checkout(Home(house.root), check_out(Home(house.root), old_commit, "tiny"))
    before = _versions(house)
    with pytest.raises(WithdrawnScenes, match="brest-c3"):
        register(house.retrain())  # the version that exists
    house.seeds["instruct"] += 1
    house.prepare()
    with pytest.raises(WithdrawnScenes, match="brest-c3"):
        register(house.retrain())  # and one that would be new
    assert _versions(house) == before
    git(house.root, "checkout", "--quiet", "--force", "main")


def test_without_its_journal_the_default_branch_still_refuses_an_old_commit(
    house: MadeHouse, done: Withdrawing, old_commit: str, tmp_path: Path
) -> None:
    folder = house.root / ".fusar/remote/withdrawals"
    folder.rename(tmp_path / "withdrawals")
    git(house.root, "checkout", "--quiet", "--detach", old_commit)
    assert set(withdrawn(Home(house.root))) == {row.md5 for row in done.contents}
    git(house.root, "checkout", "--quiet", "--force", "main")
    (tmp_path / "withdrawals").rename(folder)


def test_the_next_retrain_is_clean_and_is_the_successor(house: MadeHouse, done: Withdrawing) -> None:
    (house.made / f"ingest/chips/{SCENE}.parquet").unlink()
    house.seeds["ingest"] += 1
    versions = register(house.retrain())
    assert [(v.version, v.is_new) for v in versions] == [("2", True), ("2", True)]
    promoter, client = Promoter(Home(house.root)), open_registry(house.root)
    for version in versions:
        gates = {j.gate: j.outcome for j in promoter.check(version.model, version.version).gates}
        assert gates["no_withdrawn_scene"].passed
        assert WITHDRAWN_TAG not in resolve(client, f"{version.model}/{version.version}").tags
    found = successions(Home(house.root), client, done.all_reached)
    assert [(s.successor, s.command) for s in found] == [
        ("2", "fusar promote fusar-klip/2"),
        ("2", "fusar promote fusar-gpt/2"),
    ]
    assert promoter.promote("fusar-klip", "2").state == "champion"
    assert [s.model for s in successions(Home(house.root), client, done.all_reached)] == ["fusar-gpt"]


def test_the_same_bytes_under_another_name_are_refused(house: MadeHouse, done: Withdrawing) -> None:
    data = house.root / "data"
    (data / "scenes/harmless.tif").write_bytes((data / f"scenes/{SCENE}.tif").read_bytes())
    (data / "items/harmless.json").write_text("items of harmless")
    dvc(house.root, "add", "--quiet", "data")
    dvc(house.root, "push", "--quiet", "data.dvc")
    rows = read_table(house.made / "ingest/chips/dakar-c3.parquet", schemas.CHIPS).to_pylist()
    fresh = [{**row, "scene_id": "harmless", "chip_id": row["chip_id"].replace("dakar-c3", "harmless")} for row in rows]
    write_table(fresh, schemas.CHIPS, house.made / "ingest/chips/harmless.parquet")
    house.seeds["ingest"] += 1
    with pytest.raises(WithdrawnScenes, match=r"harmless .brest-c3 withdrawn"):
        register(house.retrain())
    assert ("fusar-gpt", "3") not in _versions(house)


def test_what_says_not_why_or_names_nothing_changes_nothing(house: MadeHouse, done: Withdrawing) -> None:
    home, client = Home(house.root), open_registry(house.root)
    before = len(journal_of(home).lines())
    with pytest.raises(BadWithdrawal, match="--reason"):
        withdraw(home, client, Request(SCENE, " \n", "Ada"))
    with pytest.raises(UnknownScene, match="Do you mean dakar-c3"):
        withdraw(home, client, Request("dakar-c33", "why", "Ada"))
    assert len(journal_of(home).lines()) == before


def test_the_list_keeps_what_stood_there_and_a_repeat_adds_nothing(tmp_path: Path, done: Withdrawing) -> None:
    file = tmp_path / "withdrawn.csv"
    file.write_text("md5,scene_id,reason,name,time\n" + "0" * 32 + ',old,"a, b",Bo,2020', encoding="utf-8")
    add_to_list(file, done.contents)
    add_to_list(file, done.contents)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [row["scene_id"] for row in rows] == ["old", SCENE]
    assert rows[0]["reason"] == "a, b"


def _versions(house: MadeHouse) -> list[tuple[str, str]]:
    client = open_registry(house.root)
    return [(str(v.name), str(v.version)) for name in ("fusar-klip", "fusar-gpt") for v in versions_of(client, name)]


def test_a_purge_removes_what_holds_the_scene_alone_and_is_on_record(house: MadeHouse, done: Withdrawing) -> None:
    """The last test of the house: DVC's objects are gone afterwards."""
    home, client = Home(house.root), open_registry(house.root)
    git(house.root, "checkout", "--quiet", "--force", "main")
    records = list(readable_records(client))
    stores = Stores(house.root)
    other = next(s for s in records[0].scenes if s.scene_id != SCENE)
    before = _objects(house)
    done_purge = purge(home, records, done.contents, "Bo")
    gone = {removed.md5: removed.paths for removed in done_purge.removed}
    assert before - _objects(house) == set(gone), "nothing else is gone, and all of that is"
    scene, other_name = (
        {f"data/items/{name}.json", f"data/scenes/{name}.tif", f"outputs/ingest/chips/{name}.parquet"}
        for name in (SCENE, "harmless")
    )
    assert {path for paths in gone.values() for path in paths} == scene | other_name, "under both names"
    assert all(stores.size(file.md5) is not None for file in other.files)
    assert not [path for md5 in gone for path in house.root.rglob(f"*{md5[2:]}*")]
    assert not [path for name in (SCENE, "harmless") for path in house.root.rglob(f"{name}.*") if path.is_file()]
    assert "outputs/pretrain/corpus.parquet" in done_purge.kept
    row = withdrawn(home)[done.contents[0].md5]
    assert (row.purged_by, bool(row.purged_at)) == ("Bo", True)
    assert str(purged(home)[row.md5]).startswith(f"data/scenes/{SCENE}.tif: purged on {row.purged_at} by Bo")
    again = purge(home, records, done.contents, "Cy")
    assert [removed.places for removed in again.removed] == [()] * len(gone)
    assert withdrawn(home)[row.md5].purged_by == "Bo", "who was first stands"


def _objects(house: MadeHouse) -> set[str]:
    """The md5s of all objects of the cache and the remote."""
    places = (house.root / ".dvc/cache/files/md5", house.root / ".fusar/remote/files/md5")
    return {path.parent.name + path.name for place in places for path in place.rglob("*") if path.is_file()}
