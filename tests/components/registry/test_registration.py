"""Registering what a retrain made: real git, DVC, MLflow and models that load in a fresh process."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.lineage.errors import ChangedOutput, IncompleteLineage
from components.lineage.evaluations import read_evaluation
from components.lineage.versions import fetch, open_registry, read_lineage, resolve, versions_of
from components.registry.promotion import Promoter
from components.registry.registration import Finished, Registered, register
from components.revisions.errors import CheckoutChanged
from components.revisions.git import git
from components.revisions.home import Home
from components.revisions.lock import read_lock, write_lock
from tests.components.registry.made import SCENES, MadeHouse, build
from tests.small_house import environment

ANSWER = """
import sys, json, mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/fusar-gpt@champion")
klip = mlflow.pyfunc.load_model("models:/fusar-klip@champion")
answer, vectors = model.predict(model.input_example), klip.predict(klip.input_example)
import components
print(json.dumps({"answer": answer, "lengths": [sum(x * x for x in v) for v in vectors], "code": components.__file__}))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> MadeHouse:
    house = build(tmp_path_factory.mktemp("house"))
    house.prepare()
    return house


@pytest.fixture(scope="module")
def finished(house: MadeHouse) -> Finished:
    return house.retrain()


@pytest.fixture(scope="module")
def registered(finished: Finished) -> tuple[Registered, ...]:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "components.registry", "register", *_arguments(finished)],
        cwd=finished.checkout.folder,
        env=environment(finished.root / "trace"),
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"registering took {time.monotonic() - started:.1f} s")
    assert done.returncode == 0, done.stderr
    return tuple(Registered(**version) for version in json.loads(done.stdout)["versions"])


def _arguments(finished: Finished) -> list[str]:
    checkout = finished.checkout
    identity = ["--checkout", str(checkout.folder), "--root", str(finished.root), "--commit", checkout.commit]
    runs = ["--flow-run-id", finished.flow_run_id, "--mlflow-run-id", finished.mlflow_run_id]
    return [*identity, "--profile", checkout.profile, *runs]


def test_both_models_are_registered_with_a_parent_and_tags_that_say_simulated(
    house: MadeHouse, registered: tuple[Registered, ...]
) -> None:
    assert [(r.model, r.version, r.is_new, r.is_judged) for r in registered] == [
        ("fusar-klip", "1", True, False),
        ("fusar-gpt", "1", True, False),
    ]
    version = resolve(open_registry(house.root), "fusar-gpt/1")
    assert version.tags["fusar.parents"] == "fusar-klip/1"
    assert version.tags["fusar.simulated"] == "true"
    assert "simulated" in version.description
    assert git(house.root, "rev-parse", "refs/fusar/fusar-gpt/1").decode().strip() == version.tags["fusar.commit"]


def test_the_record_reaches_down_to_the_md5_of_every_scene(
    house: MadeHouse, finished: Finished, registered: tuple[Registered, ...]
) -> None:
    client = open_registry(house.root)
    lineage = read_lineage(client, resolve(client, "fusar-gpt/1"))
    assert [stage.name for stage in lineage.stages] == [
        *("ingest", "check_chips", "annotate", "check_annotations", "pretrain", "align", "instruct"),
    ]
    assert all(stage.mlflow_run_id for stage in lineage.stages)
    assert [scene.scene_id for scene in lineage.scenes] == list(SCENES)
    assert [file.path for file in lineage.scenes[0].files] == ["items/anvers-c3.json", "scenes/anvers-c3.tif"]
    assert [scene.code for scene in lineage.set_aside] == ["truncated"]
    assert {content.path for content in lineage.inputs} == {"data", "withdrawn.csv"}
    assert lineage.retrain.commit == finished.checkout.commit
    assert [stage.name for stage in read_lineage(client, resolve(client, "fusar-klip/1")).stages][-1] == "pretrain"


def test_no_registered_file_is_a_pickle(house: MadeHouse, registered: tuple[Registered, ...], tmp_path: Path) -> None:
    client = open_registry(house.root)
    for name in ("fusar-klip/1", "fusar-gpt/1"):
        folder = fetch(client, resolve(client, name), "", tmp_path / name)
        files = [file for file in folder.rglob("*") if file.is_file()]
        data = {".json", ".yaml", ".txt", ".safetensors", ".parquet", ".lock"}
        assert {file.suffix for file in files} <= data | {"", ".py", ".html", ".css", ".csv", ".typed", ".md", ".png"}
        assert {"lineage.html", "README.md", "places.png"} <= {file.name for file in files if file.parent == folder}
        pickles = tuple(bytes([0x80, protocol]) for protocol in (2, 3, 4, 5))
        assert not [file for file in files if file.read_bytes()[:2] in pickles]
        assert not [file for file in files if file.read_bytes()[:2] == b"PK"], "torch.save writes a zip with a pickle"


def test_the_same_chain_is_one_version_even_from_another_commit(
    house: MadeHouse, registered: tuple[Registered, ...]
) -> None:
    (house.root / "NOTES").write_text("a commit that changes no stage")
    again = register(house.retrain())
    assert [(r.version, r.is_new) for r in again] == [("1", False), ("1", False)]


def test_the_champion_loads_and_answers_in_a_fresh_process_with_the_code_it_came_with(
    house: MadeHouse, registered: tuple[Registered, ...], tmp_path: Path
) -> None:
    promoter = Promoter(Home(house.root))
    states = [promoter.consider(r.model, r.version).state for r in registered]
    assert states == ["champion", "champion"]
    uri = f"sqlite:///{house.root}/mlruns/mlflow.db"
    done = subprocess.run(
        [sys.executable, "-P", "-c", ANSWER, uri], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert len(answer["answer"]) == 1
    assert isinstance(answer["answer"][0], str)
    assert answer["lengths"] == pytest.approx([1.0, 1.0], abs=1e-5)
    assert "artifacts/code/components" in answer["code"]


def test_a_changed_instruct_makes_a_new_gpt_on_the_old_klip_and_a_new_evaluation_alone_makes_none(
    house: MadeHouse, registered: tuple[Registered, ...]
) -> None:
    house.seeds["instruct"] = 2
    house.prepare(scores=0.8)
    changed = register(house.retrain())
    assert [(r.model, r.version, r.is_new) for r in changed] == [("fusar-klip", "1", False), ("fusar-gpt", "2", True)]
    house.seeds["evaluate"] = 2
    house.prepare(scores=0.7)
    evaluated = register(house.retrain())
    assert [(r.version, r.is_new, r.is_judged) for r in evaluated] == [("1", False, False), ("2", False, False)]
    client = open_registry(house.root)
    assert read_evaluation(client, resolve(client, "fusar-gpt/2")).metrics["count"] == 0.7
    assert read_lineage(client, resolve(client, "fusar-gpt/2")).parents[0].version == "1"


@pytest.fixture(scope="module")
def unregistered(house: MadeHouse, registered: tuple[Registered, ...]) -> Finished:
    """A retrain that the tests below try to register in a state that must be refused; each puts it right again."""
    house.seeds["pretrain"] += 10
    return house.retrain()


def _known_versions(house: MadeHouse) -> list[str]:
    return [
        f"{version.name}/{version.version}"
        for name in ("fusar-klip", "fusar-gpt")
        for version in versions_of(open_registry(house.root), name)
    ]


def test_an_incomplete_lineage_is_refused_and_every_missing_part_is_named(
    house: MadeHouse, unregistered: Finished
) -> None:
    before = _known_versions(house)
    with pytest.raises(IncompleteLineage) as refused:
        register(Finished(unregistered.checkout, unregistered.root, "", unregistered.mlflow_run_id))
    assert refused.value.missing == ("flow run",)
    lock = unregistered.checkout.lock
    whole = read_lock(lock)
    try:
        write_lock(lock, {name: entry for name, entry in whole.items() if name != "check_chips"})
        with pytest.raises(IncompleteLineage, match=r"stage that makes outputs/check_chips/verdicts\.parquet"):
            register(unregistered)
    finally:
        write_lock(lock, whole)
    assert _known_versions(house) == before


def test_a_checkout_that_is_not_its_commit_is_refused(unregistered: Finished) -> None:
    file = unregistered.checkout.folder / "components/contract/stage.py"
    content = file.read_text()
    try:
        file.write_text("# edited\n")
        with pytest.raises(CheckoutChanged, match=r"components/contract/stage\.py"):
            register(unregistered)
    finally:
        file.write_text(content)


def test_an_output_that_the_lock_does_not_name_is_refused(house: MadeHouse, unregistered: Finished) -> None:
    before = _known_versions(house)
    path = unregistered.checkout.folder / "outputs/pretrain/klip/config.json"
    content = path.read_bytes()
    path.unlink()  # a link into DVC's cache, which must not change
    path.write_bytes(content.replace(b"16", b"17"))
    with pytest.raises(ChangedOutput, match="outputs/pretrain/klip"):
        register(unregistered)
    assert _known_versions(house) == before


def test_an_output_that_is_not_on_disk_is_brought_from_the_cache(unregistered: Finished) -> None:
    from components.lineage.contents import Contents, content_md5
    from components.lineage.record import Content

    folder = unregistered.checkout.folder / "outputs/instruct/gpt"
    wanted = Content(path="outputs/instruct/gpt", md5=content_md5(folder))
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    Contents(unregistered.checkout.folder).bring([wanted])
    assert content_md5(folder) == wanted.md5
