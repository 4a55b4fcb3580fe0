"""The index on a real registry: derived from it alone, as fresh as it, whole after kills, torn files and races."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from components.lineage.impact import ImpactFinder
from components.lineage.index.index import FILE, Index, open_index
from components.lineage.predictions import AskedScene, record_prediction
from components.lineage.record import LINEAGE_FILE, Content, Parent, Scene
from components.lineage.scene_table import SCENES_FILE
from components.lineage.versions import CHAIN_TAG, logged_model_id, open_registry, write_lineage
from components.revisions.home import Home
from components.tracking.runs import Tracking
from tests.components.lineage.records import record, scene
from tests.components.registry.conftest import empty_store, root  # noqa: F401

GPT, KLIP = "fusar-gpt", "fusar-klip"
ALL = tuple(scene(f"scene{number}", f"place-{number % 3}") for number in range(12))


def add(root: Path, scenes: tuple[Scene, ...], model: str = GPT, parent: str = "") -> str:  # noqa: F811
    client = open_registry(root)
    parents = (Parent(model=KLIP, version=parent, chain="k"),) if parent else ()
    data = Content(path="data", md5=f"{len(scenes):032x}.dir")
    made = record(scenes=scenes, model=model, parents=parents, inputs=(data,))
    folder = root / "version"
    folder.mkdir(exist_ok=True)
    write_lineage(made, folder)
    logged = client.create_logged_model(Tracking(root).experiment_id, name=model)
    client.log_model_artifacts(logged.model_id, str(folder))
    version = client.create_model_version(
        model, source=f"models:/{logged.model_id}", tags={CHAIN_TAG: "c"}, model_id=logged.model_id
    )
    return str(version.version)


@pytest.fixture
def house(root: Path) -> Home:  # noqa: F811
    """fusar-klip/1 and fusar-gpt/1 of ten scenes, fusar-gpt/2 of two others more and one less."""
    add(root, ALL[:10], KLIP)
    add(root, ALL[:10], parent="1")
    add(root, ALL[1:])
    return Home(root)


@pytest.fixture
def client(house: Home) -> MlflowClient:
    return open_registry(house.root)


@pytest.fixture
def index(house: Home) -> Iterator[Index]:
    with open_index(house) as opened:
        yield opened


def names(index: Index, scene_id: str) -> set[str]:
    return {version.name for each in index.versions_of_scene(scene_id) for version in each.versions}


def test_a_refresh_adds_what_is_new_and_a_rebuild_says_the_same(
    house: Home, client: MlflowClient, index: Index
) -> None:
    assert index.refresh(client) == 3
    assert index.refresh(client) == 0
    assert names(index, "scene0") == {"fusar-klip/1", "fusar-gpt/1"}
    assert names(index, "md5 of scene11") == {"fusar-gpt/2"}
    add(house.root, ALL[:10])
    assert index.refresh(client) == 1
    assert names(index, "scene0") == {"fusar-klip/1", "fusar-gpt/1", "fusar-gpt/3"}
    before = index.dump()
    assert "scene11" in before
    assert index.rebuild(client) == 4
    assert index.dump() == before
    difference = index.difference(GPT, "1", "2")
    assert [found.scene_id for found in difference.added] == ["scene10", "scene11"]
    assert [found.scene_id for found in difference.removed] == ["scene0"]


def test_a_version_that_mlflow_has_lost_is_forgotten(house: Home, client: MlflowClient, index: Index) -> None:
    index.refresh(client)
    client.delete_model_version(GPT, "2")
    assert index.refresh(client) == 2
    assert names(index, "scene11") == set()
    before = index.dump()
    index.rebuild(client)
    assert index.dump() == before


def test_a_version_of_another_project_is_no_matter_and_a_bad_record_is_named(
    house: Home, client: MlflowClient, index: Index
) -> None:
    client.create_registered_model("their-model")
    client.create_model_version("their-model", source="s3://their/bucket")
    version = client.get_model_version(GPT, "2")
    location = client.get_logged_model(logged_model_id(version)).artifact_location.removeprefix("file://")
    table = Path(location) / SCENES_FILE
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    assert index.refresh(client) == 3
    ((name, reason),) = index.unread()
    assert name == "fusar-gpt/2"
    assert "scenes.parquet has sha256" in reason
    assert ImpactFinder(house, client, index).of("fusar-klip/1").unread == index.unread()


def test_records_of_the_first_format_are_read_too(house: Home, client: MlflowClient, index: Index) -> None:
    version = client.get_model_version(GPT, "1")
    location = client.get_logged_model(logged_model_id(version)).artifact_location.removeprefix("file://")
    (Path(location) / SCENES_FILE).unlink()
    (Path(location) / LINEAGE_FILE).write_text(record(scenes=ALL[:10]).model_dump_json())
    index.refresh(client)
    assert names(index, "scene0") == {"fusar-klip/1", "fusar-gpt/1"}


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(2000)])
def test_a_torn_or_foreign_file_is_made_anew(house: Home, client: MlflowClient, content: bytes) -> None:
    house.state.mkdir(exist_ok=True)
    (house.state / FILE).write_bytes(content)
    with open_index(house) as index:
        assert index.refresh(client) == 3


def test_a_file_of_other_tables_is_made_anew(house: Home, client: MlflowClient) -> None:
    with open_index(house) as index:
        index.refresh(client)
    with sqlite3.connect(house.state / FILE) as connection:
        connection.execute("PRAGMA user_version = 999")
    with open_index(house) as index:
        assert index.refresh(client) == 3


def test_a_kill_within_a_refresh_leaves_the_old_content(house: Home, client: MlflowClient, index: Index) -> None:
    index.refresh(client)
    before = index.dump()
    add(house.root, ALL[:4])
    program = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from components.lineage.index import index as module\n"
        "from components.lineage.versions import open_registry\nfrom components.revisions.home import Home\n"
        "def die(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
        "module.add_snapshot = die\n"
        "home = Home(Path(sys.argv[1]))\n"
        "with module.open_index(home) as index: index.refresh(open_registry(home.root))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(house.root)], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()
    assert index.dump() == before
    assert index.refresh(client) == 1


def test_two_refreshes_at_once_give_one_content(house: Home, client: MlflowClient) -> None:
    counts: list[int] = []

    def refresh() -> None:
        with open_index(house) as index:
            counts.append(index.refresh(client))

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 3]
    with open_index(house) as index:
        before = index.dump()
        index.rebuild(client)
        assert index.dump() == before


def test_batch_predictions_are_edges_of_their_scenes_and_version(
    house: Home, client: MlflowClient, index: Index
) -> None:
    asked = (AskedScene("scene0", "md5 of scene0"), AskedScene("unknown", "m"))
    written = (Content(path="chips.parquet", md5="o"),)
    record_prediction(Tracking(house.root), (GPT, "2"), asked, written)
    index.refresh(client)
    record_prediction(Tracking(house.root), (GPT, "1"), asked[:1], ())
    assert index.refresh(client) == 0
    before = index.dump()
    index.rebuild(client)
    assert index.dump() == before
    finder = ImpactFinder(house, client, index)
    (by_two,) = finder.of("unknown").predictions  # no version was made of it
    assert (by_two.model, by_two.version, by_two.outputs) == (GPT, "2", {"chips.parquet": "o"})
    assert finder.of("unknown").versions == ()
    assert [found.version for found in index.predictions_of_scene("md5 of scene0")] == ["2", "1"]
    assert [found.version for found in finder.of("fusar-klip/1").predictions] == ["1"]


def test_the_impact_of_a_version_holds_its_children_and_aliases(
    house: Home, client: MlflowClient, index: Index
) -> None:
    client.set_registered_model_alias(GPT, "champion", "1")
    index.refresh(client)
    found = ImpactFinder(house, client, index).of("fusar-klip/1")
    assert [version.name for version in found.versions] == ["fusar-gpt/1", "fusar-klip/1"]
    assert found.aliases == {"fusar-gpt/1": ("champion",)}
    dataset = ImpactFinder(house, client, index).of(f"{11:032x}.dir")
    assert [version.name for version in dataset.versions] == ["fusar-gpt/2"]
