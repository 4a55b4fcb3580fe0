import pickle

import pytest

from components.revisions.home import Home
from flows import errors
from flows import server as server_module
from flows.errors import ServerFailed
from flows.server import API_URL, prefect_server


def test_the_users_own_server_is_used_and_none_is_started(server, tmp_path):
    with prefect_server(Home(tmp_path)) as url:
        assert url == server
    assert not (tmp_path / ".fusar").exists()


def test_a_server_that_ends_at_once_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.delenv(API_URL, raising=False)
    monkeypatch.setattr(server_module, "_PROGRAM", tmp_path / "absent.py")
    with (
        pytest.raises(ServerFailed, match=r"it ended with code 2; see .*prefect-server\.log"),
        prefect_server(Home(tmp_path)),
    ):
        pass


def test_flow_runs_lie_in_the_database_of_the_server(server):
    from prefect import flow, get_client

    @flow(name="asked")
    def asked() -> int:
        return 7

    assert asked() == 7
    with get_client(sync_client=True) as client:
        assert str(client.api_url).startswith(server)
        assert "asked" in {client.read_flow(run.flow_id).name for run in client.read_flow_runs()}


def test_every_error_survives_pickling():
    samples = [errors.StageFailed("s", "r", "l"), errors.StepFailed("s", "r", "l"), errors.RefusedParameters("p", "x"),
               errors.ServerFailed("r", "l"), errors.Interrupted(), errors.DatabaseInUse("f"),
               errors.PortTaken("s", "1", "V", "p"), errors.ServicesFailed("r", "m"), errors.NoServer("r"),
               errors.BadDeployFile("f", "p"), errors.FileStore("MLflow", "l", "s", "r"),
               errors.MissingAddress("V", "p")]  # fmt: skip
    assert {type(sample) for sample in samples} == set(errors.FlowError.__subclasses__())
    for sample in samples:
        assert str(pickle.loads(pickle.dumps(sample))) == str(sample)
