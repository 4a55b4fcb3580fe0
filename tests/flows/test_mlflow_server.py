"""MLflow's server as `make up` starts it: foreign pages, foreign places and pickles get nothing from it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest
from mlflow import MlflowClient

from components.inference.errors import ModelFailed
from components.inference.registered import started
from components.lineage.versions import open_registry
from components.tracking.store import SAFE_ENVIRONMENT
from flows.services import MLFLOW_PORT
from tests.components.registry.conftest import empty_store  # noqa: F401
from tests.flows.test_services import free_ports
from tests.small_house import run

SOURCES = (
    "/etc",
    "file:///etc",
    "s3://bucket/model",
    "http://127.0.0.1:9/model",
    "models:/fusar-gpt/1",
    "models:/m-0123\n/etc",
    "mlflow-artifacts:/../../../etc",
    "runs:/0123/model",
)
# Whoever unpickles this model makes the file: the test sees that it is alive, and that nobody did.
POISONED = """
import os, sys
from pathlib import Path
import mlflow
class Canary(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input):
        return ["free"]
    def __reduce__(self):
        return os.mkdir, (sys.argv[1],)
with mlflow.start_run(experiment_id=mlflow.get_experiment_by_name("retrain").experiment_id):
    folder = Path(sys.argv[2])
    mlflow.pyfunc.save_model(folder, python_model=Canary(), pip_requirements=["mlflow"])
    (folder / "params.yaml").write_text("ingest: {chip_size: 64}\\n")
    client = mlflow.MlflowClient()
    made = client.create_logged_model(mlflow.active_run().info.experiment_id, name="poisoned")
    client.log_model_artifacts(made.model_id, str(folder))
    client.finalize_logged_model(made.model_id, "READY")
    client.create_model_version("fusar-gpt", source=f"models:/{made.model_id}", model_id=made.model_id)
"""


@dataclass(frozen=True)
class Server:
    """A server that runs, and the repository whose store it serves."""

    root: Path
    url: str

    def ask(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(f"{self.url}{path}", data, sent)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Server]:  # noqa: F811
    root, port = tmp_path_factory.mktemp("served"), str(free_ports()[0])
    run(root, "git", "init", "--quiet")
    (root / "mlruns").mkdir()
    shutil.copy(empty_store, root / "mlruns/mlflow.db")
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    repository = str(Path(__file__).resolve().parents[2])
    with (root / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "flows.mlflow_server"],
            cwd=root,
            env={**environment, MLFLOW_PORT: port, "PYTHONPATH": repository},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    found = Server(root, f"http://127.0.0.1:{port}")
    try:
        until = time.monotonic() + 90
        while not is_up(found):
            assert process.poll() is None and time.monotonic() < until, (root / "server.log").read_text()
            time.sleep(0.2)
        yield found
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def is_up(server: Server) -> bool:
    try:
        return server.ask("/health")[0] == 200
    except OSError:
        return False


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    made = open_registry(server.root)
    if not made.search_registered_models("name = 'fusar-gpt'"):
        made.create_registered_model("fusar-gpt")
    return made


def test_a_page_of_another_site_reads_and_writes_nothing(server: Server) -> None:
    question = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=retrain"
    assert server.ask(question)[0] == 200
    assert server.ask(question, headers={"Host": "rebound.example"})[0] == 403
    assert server.ask("/", headers={"Host": "rebound.example:80"})[0] == 403
    made = server.ask("/api/2.0/mlflow/experiments/create", {"name": "x"}, {"Origin": "http://other.example"})
    assert made[0] == 403


@pytest.mark.parametrize("source", SOURCES)
def test_a_version_of_files_outside_the_store_is_refused(server: Server, client: MlflowClient, source: str) -> None:
    before = len(client.search_model_versions("name = 'fusar-gpt'"))
    for tags in ([], [{"key": "mlflow.prompt.is_prompt", "value": "true"}]):
        body = {"name": "fusar-gpt", "source": source, "tags": tags}
        status, said = server.ask("/api/2.0/mlflow/model-versions/create", body)
        assert (status, "Invalid model version source" in said) == (400, True), said
    assert len(client.search_model_versions("name = 'fusar-gpt'")) == before


def test_no_path_leaves_the_artifacts(server: Server, client: MlflowClient) -> None:
    run_id = client.create_run(client.get_experiment_by_name("retrain").experiment_id).info.run_id
    (server.root / "secret.txt").write_text("canary")
    for path in ("../../secret.txt", "..%2f..%2fsecret.txt", str(server.root / "secret.txt")):
        for address in (f"/get-artifact?run_uuid={run_id}&path={path}", f"/api/2.0/mlflow-artifacts/artifacts/{path}"):
            status, said = server.ask(address)
            assert status >= 400 and "canary" not in said


def test_a_pickled_model_is_never_loaded(
    server: Server, client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary, folder = tmp_path / "canary", tmp_path / "poisoned"
    environment = {**os.environ, **SAFE_ENVIRONMENT}
    unsafe = {**environment, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"}
    command = [sys.executable, "-c", POISONED, str(canary), str(folder)]
    # Written where pickles are allowed: MLflow refuses even to save one elsewhere.
    subprocess.run(command, env=unsafe, check=True, capture_output=True)
    shutil.rmtree(canary, ignore_errors=True)
    version = max(client.search_model_versions("name = 'fusar-gpt'"), key=lambda found: int(found.version)).version
    with started(server.root, f"fusar-gpt/{version}") as registered, pytest.raises(ModelFailed, match=r"(?i)pickle"):
        import pandas as pd

        registered.answer(pd.DataFrame([{"question": "Are you there?"}]))
    uri = f"models:/fusar-gpt/{version}"
    served = [sys.executable, "-m", "mlflow", "models", "serve", "-m", uri, "--env-manager", "local"]
    port = str(free_ports()[0])
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [*served, "-p", port],
            env={**environment, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            until = time.monotonic() + 90
            while "pickle" not in (said := (tmp_path / "serve.log").read_text().lower()):
                assert time.monotonic() < until, said
                time.sleep(0.2)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert not canary.exists()
    load = f"import mlflow; mlflow.pyfunc.load_model({uri!r})"
    subprocess.run([sys.executable, "-c", load], env=unsafe, check=False, capture_output=True)
    assert canary.exists(), "the canary is alive: where pickles are allowed, it runs"
