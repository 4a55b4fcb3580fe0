"""A version that started from another one's weights: real git, DVC, MLflow; what reached the first reached it too."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.app import main
from components.lineage.errors import IncompleteLineage, WithdrawnStart
from components.lineage.impact import ImpactFinder
from components.lineage.index.index import open_index
from components.lineage.record import missing_parts
from components.lineage.verification import verify
from components.lineage.versions import open_registry, read_lineage, resolve
from components.lineage.withdrawals import WITHDRAWN_TAG
from components.lineage.workspace import give_back
from components.records import schemas
from components.records.tables import read_table, write_table
from components.registry.gates import unseen_test_set
from components.registry.gates.gate import Candidate
from components.registry.promotion import Promoter
from components.registry.registration import register
from components.registry.starting import folders_of
from components.registry.warm_starts import FOLDER_TAG
from components.registry.withdrawing import Request, withdraw
from components.retention.registered import version_md5s
from components.revisions.checkout import check_out
from components.revisions.home import Home
from flows.warm_starts import refuse_warm_starts
from tests.components.registry.made import SCENES, MadeHouse, build
from tests.small_house import dvc

pytestmark = pytest.mark.slow  # two retrains and as many registrations
GONE, SWAPPED = SCENES[1], SCENES[0]  # a scene that only the first versions had; one that they were trained on


def split(house: MadeHouse, scene: str, name: str) -> None:
    path = house.made / f"ingest/chips/{scene}.parquet"
    write_table([row | {"split": name} for row in read_table(path, schemas.CHIPS).to_pylist()], schemas.CHIPS, path)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> MadeHouse:
    """Versions 1 of both models, and versions 2 that started from them and from fewer scenes."""
    house = build(tmp_path_factory.mktemp("warm"))
    house.prepare()
    split(house, SWAPPED, "train")
    first = house.retrain()
    register(first)
    dvc(first.checkout.folder, "push", "--quiet")
    client = open_registry(house.root)
    house.warm_starts = {stage: str(md5) for stage, md5 in folders_of(client, "fusar-gpt/1").items()}
    house.seeds |= {"ingest": 2, "pretrain": 2, "align": 2, "instruct": 2}
    house.prepare()
    (house.made / f"ingest/chips/{GONE}.parquet").unlink()
    finished = house.retrain()
    assert [(made.version, made.is_new) for made in register(finished)] == [("2", True), ("2", True)]
    dvc(finished.checkout.folder, "push", "--quiet")
    return house


def md5_of(house: MadeHouse, name: str) -> str:
    client = open_registry(house.root)
    return read_lineage(client, resolve(client, name)).model_folder.md5


def test_the_versions_whose_folders_it_started_from_are_its_parents(house: MadeHouse) -> None:
    client = open_registry(house.root)
    assert house.warm_starts == {"pretrain": md5_of(house, "fusar-klip/1"), "align": md5_of(house, "fusar-gpt/1")}
    klip, gpt = (read_lineage(client, resolve(client, name)) for name in ("fusar-klip/2", "fusar-gpt/2"))
    assert [f"{parent.model}/{parent.version}" for parent in klip.parents] == ["fusar-klip/1"]
    assert [f"{parent.model}/{parent.version}" for parent in gpt.parents] == ["fusar-klip/2", "fusar-gpt/1"]
    assert gpt.parents[1].chain == read_lineage(client, resolve(client, "fusar-gpt/1")).chain
    assert missing_parts(gpt) == () == missing_parts(klip)
    orphan = gpt.model_copy(update={"parents": gpt.parents[:1]})
    assert missing_parts(orphan) == ("parent version of fusar-gpt",)
    assert resolve(client, "fusar-gpt/2").tags[FOLDER_TAG] == gpt.model_folder.md5


def test_champions_or_one_version_stand_for_the_folders(house: MadeHouse) -> None:
    client = open_registry(house.root)
    klip = folders_of(client, "fusar-klip/2")
    assert klip == {"pretrain": md5_of(house, "fusar-klip/2"), "align": None}
    for model, version in (("fusar-klip", "2"), ("fusar-gpt", "1")):
        client.set_registered_model_alias(model, "champion", version)
    both = {"pretrain": md5_of(house, "fusar-klip/2"), "align": md5_of(house, "fusar-gpt/1")}
    assert folders_of(client) == both, "champions of two retrains"


def test_the_command_writes_the_md5s_and_says_what_to_commit(
    house: MadeHouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(house.root)
    profile = house.root / "profiles/tiny.yaml"
    before = profile.read_text()

    def said(*arguments: str) -> list[str]:
        with pytest.raises(SystemExit) as ended:
            main(["model", "warm-start", *arguments, "--profile", "tiny"])
        assert ended.value.code == 0
        return capsys.readouterr().out.splitlines()

    assert said("--none")[:2] == ["pretrain.warm_start: null, it trains anew", "align.warm_start: null, it trains anew"]
    assert profile.read_text().count("warm_start: null") == 2
    told = said("fusar-gpt/2")
    md5s = [md5_of(house, name) for name in ("fusar-klip/2", "fusar-gpt/2")]
    assert told[:2] == [f"pretrain.warm_start: {md5s[0]}", f"align.warm_start: {md5s[1]}"]
    assert told[-1] == ("Next: git commit -m 'tiny: start warm' -- profiles/tiny.yaml && fusar retrain --profile tiny")
    assert said("fusar-gpt/1")[-1] == "Next: fusar retrain --profile tiny", "that is what is committed"
    assert profile.read_text() == before


def test_a_scene_of_the_first_versions_reached_the_second_ones(house: MadeHouse) -> None:
    client = open_registry(house.root)
    assert GONE not in {scene.scene_id for scene in read_lineage(client, resolve(client, "fusar-gpt/2")).scenes}
    with open_index(Home(house.root)) as index:
        index.refresh(client)
        found = ImpactFinder(Home(house.root), client, index).of(GONE)
    assert [version.name for version in found.versions] == [
        *("fusar-gpt/1", "fusar-gpt/2", "fusar-klip/1", "fusar-klip/2")
    ]


def test_what_the_first_versions_were_trained_on_is_no_test_set_for_the_second(
    house: MadeHouse, tmp_path: Path
) -> None:
    client = open_registry(house.root)
    candidate = Candidate(client, resolve(client, "fusar-klip/2"), tmp_path, Home(house.root))
    outcome = unseen_test_set.judge(unseen_test_set.UnseenTestSet(), candidate, None)
    assert not outcome.passed and f"1 scenes ({SWAPPED})" in outcome.reason
    assert outcome.evidence["versions"] == ["fusar-klip/2", "fusar-klip/1"]


def test_the_folder_stays_needed_and_its_loss_is_seen(house: MadeHouse, tmp_path: Path) -> None:
    client = open_registry(house.root)
    version = resolve(client, "fusar-klip/2")
    needed = dict(version_md5s(client))["fusar-klip/2"]
    remote = house.root / ".fusar/remote/files/md5"
    listing = remote / house.warm_starts["pretrain"][:2] / house.warm_starts["pretrain"][2:]
    assert house.warm_starts["pretrain"] in needed, "fusar gc keeps it for this version alone"
    assert not verify(Home(house.root), client, version).problems
    listing.rename(tmp_path / "kept")
    (problem,) = verify(Home(house.root), client, version).problems
    assert (problem.kind, problem.path) == ("missing", "warm_start/pretrain")
    (tmp_path / "kept").rename(listing)


def test_its_workspace_is_given_back_whole(house: MadeHouse, tmp_path: Path) -> None:
    client = open_registry(house.root)
    space = give_back(Home(house.root), client, resolve(client, "fusar-gpt/2"), tmp_path / "space")
    assert space.changed == {}
    assert house.warm_starts["align"] in (space.folder / "params.yaml").read_text()


def test_a_folder_that_no_version_has_is_refused_before_any_work_and_at_registration(house: MadeHouse) -> None:
    nobodys = replace(house, warm_starts={"pretrain": "0" * 32 + ".dir"})
    finished = nobodys.retrain()
    said = r"registered version of fusar-klip with the model folder 0{32}\.dir, which pretrain.warm_start names"
    with pytest.raises(IncompleteLineage, match=said):
        refuse_warm_starts(Home(house.root), finished.checkout)
    with pytest.raises(IncompleteLineage, match=said):
        register(finished)
    house.commit()


def test_a_withdrawn_scene_of_the_first_versions_stops_all_that_started_from_them(house: MadeHouse) -> None:
    home, client = Home(house.root), open_registry(house.root)
    done = withdraw(home, client, Request(GONE, "licence ended", "Ada"))
    reached = ["fusar-gpt/2", "fusar-gpt/1", "fusar-klip/2", "fusar-klip/1"]
    assert [version.name for version in done.reached] == reached
    assert resolve(client, "fusar-gpt/2").tags[WITHDRAWN_TAG] == GONE
    gates = {judged.gate: judged.outcome for judged in Promoter(home).check("fusar-gpt", "2").gates}
    assert not gates["no_withdrawn_scene"].passed and GONE in gates["no_withdrawn_scene"].reason
    with pytest.raises(WithdrawnStart, match=rf"fusar-klip: its weights come from fusar-klip/1.*\n.*{GONE}"):
        register(house.retrain())  # ingestion has read a withdrawn.csv that names the scene
    (house.root / "withdrawn.csv").write_text("")
    with pytest.raises(WithdrawnStart, match="fusar-klip/2: its weights come from fusar-klip/1"):
        register(house.retrain())  # the version that exists: the journal knows
    house.seeds["instruct"] += 1
    finished = house.retrain()
    with pytest.raises(WithdrawnStart, match=r"pretrain\.warm_start: its weights come from fusar-klip/1"):
        refuse_warm_starts(home, check_out(home, finished.checkout.commit, "tiny"))
    alone = replace(house, warm_starts={"align": house.warm_starts["align"]})
    with pytest.raises(WithdrawnStart, match="fusar-gpt: its weights come from fusar-gpt/1"):
        register(alone.retrain())  # one that would be new, whose KLIP trained anew
