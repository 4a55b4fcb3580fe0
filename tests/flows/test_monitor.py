"""A monitor on a real Prefect server, beside a version of a real registry: drift is told once, with a commit."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from typer.testing import CliRunner

from cli.app import app
from components.lineage.manifest import read_manifest
from components.lineage.versions import open_registry
from components.lineage.versions import resolve as resolve_version
from components.monitoring.baseline import ANSWERS_FILE, GROUND_FILE, SCENES_FILE
from components.monitoring.schemas import SCENES
from components.records.tables import read_table
from components.registry.registration import register
from components.revisions.git import blob, dirty_files, resolve
from components.simulation.simulate import simulate
from flows.monitor import monitor
from flows.server import API_URL, OWN_SERVER
from tests.components.registry.made import GRAPH, MadeHouse, build
from tests.flows.test_deploy import full_server  # noqa: F401
from tests.small_house import ROOT, commit

pytestmark = pytest.mark.slow


class WatchedHouse(MadeHouse):
    """A house whose `ingest` has real parameters: new scenes are cut with them."""

    def commit(self) -> str:
        params = yaml.safe_load((ROOT / "params.yaml").read_text())
        content = {
            stage: params["ingest"] if stage == "ingest" else {"seed": seed} for stage, seed in self.seeds.items()
        }
        (self.root / "profiles").mkdir(exist_ok=True)
        for name in ("params.yaml", "profiles/tiny.yaml"):
            (self.root / name).write_text(yaml.safe_dump(content))
        for name in ("monitoring.yaml", "withdrawn.csv"):
            (self.root / name).write_bytes((ROOT / name).read_bytes())
        return commit(self.root)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> WatchedHouse:
    made = build(tmp_path_factory.mktemp("watched"))
    house = WatchedHouse(made.root, made.made, dict.fromkeys(GRAPH, 1))
    house.prepare()
    register(house.retrain())
    return house


@pytest.fixture(scope="module")
def incoming(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("incoming")
    simulate("new-sensor", 5, folder)
    return folder


def told(api: str) -> list[dict[str, Any]]:
    """Events of a drift that the server has."""
    wanted = {"filter": {"event": {"name": ["fusar.drift.found"]}}, "limit": 50}
    with temporary_settings({PREFECT_API_URL: api}), get_client(sync_client=True) as client:
        return list(client.request("POST", "/events/filter", json=wanted).json()["events"])


def test_drift_is_told_once_with_a_commit_that_holds_the_new_scenes(
    watched: WatchedHouse,
    incoming: Path,
    full_server: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(watched.root)
    monkeypatch.delenv(OWN_SERVER, raising=False)
    monkeypatch.setenv(API_URL, full_server)
    before = (resolve(watched.root, "HEAD"), dirty_files(watched.root))
    with temporary_settings({PREFECT_API_URL: full_server}):
        states = [monitor(scenes=str(incoming), model="fusar-gpt/1", return_state=True) for _ in range(2)]
    assert [state.name for state in states] == ["Drift found"] * 2, [state.message for state in states]
    assert states[0].message == "new to the baseline: sensor sim-l6 L-band sigma0"
    (event,) = told(full_server)
    payload = event["payload"]
    assert event["resource"]["prefect.resource.id"] == "fusar.model-version.fusar-gpt.1"
    assert (payload["model"], payload["version"], payload["profile"]) == ("fusar-gpt", "1", "tiny")
    assert len(payload["scenes"]) == payload["scenes_in_all"] == 4
    base = resolve(watched.root, f"{payload['revision']}^")
    data = [yaml.safe_load(blob(watched.root, at, "data.dvc") or b"")["outs"][0] for at in (base, payload["revision"])]
    assert data[1]["nfiles"] > data[0]["nfiles"]
    assert before == (resolve(watched.root, "HEAD"), dirty_files(watched.root))
    (page,) = (watched.root / ".fusar/reports").glob("drift-*.html")
    assert "sensor sim-l6 L-band sigma0" in page.read_text()

    with temporary_settings({PREFECT_API_URL: full_server}):
        refused = monitor(model="fusar-gpt/1", return_state=True)
    assert refused.is_failed() and "give --scenes FOLDER" in (refused.message or "")


def test_the_command_says_the_same_and_a_version_has_its_baseline_in_its_manifest(
    watched: WatchedHouse, incoming: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(watched.root)
    page = tmp_path / "drift.html"
    options = ["monitor", "--scenes", str(incoming), "--model", "fusar-gpt/1"]
    done = CliRunner().invoke(app, [*options, "--json", "--html", str(page)])
    assert done.exit_code == 0, (done.output, done.exception)
    said = json.loads(done.stdout)
    assert (said["version"], said["drift"], said["scenes"]) == ("fusar-gpt/1", True, 4)
    assert page.is_file()
    table = CliRunner().invoke(app, options)
    assert "Next: " in table.stdout.strip().splitlines()[-1]
    (baseline,) = (watched.root / "mlruns").rglob(SCENES_FILE)
    assert len(read_table(baseline, SCENES)) == 4
    client = open_registry(watched.root)
    listed = {entry.path for entry in read_manifest(client, resolve_version(client, "fusar-klip/1"))}
    assert {SCENES_FILE, GROUND_FILE} <= listed
    listed = {entry.path for entry in read_manifest(client, resolve_version(client, "fusar-gpt/1"))}
    assert ANSWERS_FILE in listed and SCENES_FILE not in listed
