"""What a stage that fails is worth: another try where a connection was lost, none where memory ran out."""

import os
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect.client.schemas.objects import State, StateType

from flows.deploying.file import Patience, read_prefect_file
from flows.errors import StageFailed
from flows.patience import is_worth_another_try
from flows.retrain import retrain
from tests.flows.test_services import free_ports
from tests.small_house import commit, traced

# The first words of what `count` does.
BEGINS = "counts = {f.name"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("ConnectionRefusedError: [Errno 111] Connection refused", True),
        ("unexpected error - Could not connect to the endpoint URL", True),
        ("HTTPSConnectionPool(host='store', port=443): Read timed out.", True),
        ("503 Service Unavailable", True),
        ("[Errno -3] Temporary failure in name resolution", True),
        ("no heartbeat for nine minutes; its worker died or lost the network", True),
        ("Execution was aborted by a termination signal.", True),
        ("it never began; its worker died or had no room for it", True),
        ("failed to reproduce 'align': failed to run: python -m components.finetuning align, exited with -9", False),
        ("exit code 137", False),
        ("torch.OutOfMemoryError: CUDA out of memory while connecting tensors", False),
        ("Flow run process exited with status code -9: the connection was lost", False),
        ("it took longer than its 72 hours (prefect.yaml, stages)", False),
        ("stage cut: a file of the test", False),
    ],
)
def test_only_a_lost_connection_is_worth_another_try(reason, expected):
    state = State(type=StateType.FAILED, data=StageFailed("align", reason, "/connected/killed.log"))
    assert is_worth_another_try(SimpleNamespace(name="align"), None, state) is expected


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.retrain.FIRST_DELAY_SECONDS", 0.1)


def make_count_begin_with(house: Path, code: str) -> None:
    file = house / "components/counting/stage.py"
    file.write_text(file.read_text().replace(BEGINS, f"{code}\n    {BEGINS}"))
    commit(house)


def trace(house: Path) -> list[str]:
    return traced(house.parent / "trace")


def test_a_stage_that_found_nobody_at_the_other_end_is_tried_again(house, soon):
    port = free_ports()[0]
    make_count_begin_with(house, f'__import__("socket").create_connection(("127.0.0.1", {port})).close()')

    def listen_once_it_has_failed() -> None:
        while trace(house).count("count") < 1:
            time.sleep(0.05)
        time.sleep(1.0)
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.accept()

    threading.Thread(target=listen_once_it_has_failed, daemon=True).start()
    retrained = retrain(house, "HEAD", "laptop")
    assert [stage.outcome for stage in retrained.stages] == ["ran", "ran", "ran"]
    tried = trace(house)
    assert 2 <= tried.count("count") <= 3 and (tried[0], tried[-1]) == ("cut", "total")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.kill(os.getpid(), 9)", "-9|137|killed"),
        (
            'raise __import__("torch").OutOfMemoryError("CUDA out of memory; the connection to the GPU is open")',
            "OutOfMemoryError",
        ),
        ('raise ValueError("a mistake")', "a mistake"),
    ],
    ids=["killed", "out-of-memory", "mistake"],
)
def test_what_would_come_again_is_not_tried_again(code, reason, house, soon):
    make_count_begin_with(house, code)
    with pytest.raises(StageFailed, match=reason):
        retrain(house, "HEAD", "laptop")
    assert trace(house) == ["cut", "count"]


def test_a_stage_that_takes_too_long_is_ended_and_says_so(house, monkeypatch):
    short = read_prefect_file().model_copy(update={"stages": {"default": Patience(hours=0.001, retries=2)}})
    monkeypatch.setattr("flows.patience.read_prefect_file", lambda: short)
    monkeypatch.setenv("SMALL_HOUSE_HANG_AT", "cut")
    with pytest.raises(StageFailed, match=r"it took longer than its 0\.001 hours"):
        retrain(house, "HEAD", "laptop")
    number = int((house.parent / "trace.pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert trace(house) == ["cut"]
