"""Training over two real processes (gloo): the same curve as one, one writer, and a clean end when one is killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from components.records.schemas import CURVE
from components.records.tables import read_table
from tests.faults.injections import in_the_table

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "components.pretraining", "pretrain"]
# Sums of float32 in another order; the losses are between 0 and 6 nat.
TOLERANCE = 2e-5


def started(folder: Path, processes: int, **variables: str) -> "subprocess.Popen[str]":
    here = {"PYTHONPATH": str(ROOT), "FUSAR_CHECKPOINTS": str(folder / "checkpoints")}
    environment = {**os.environ, **here, "PET_NPROC_PER_NODE": str(processes), **variables}
    return subprocess.Popen(COMMAND, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def ended(folder: Path, processes: int) -> str:
    run = started(folder, processes)
    said = run.communicate(timeout=400)[1]
    assert run.returncode == 0, said
    return said


def curve(folder: Path) -> list[float]:
    return read_table(folder / "outputs/pretrain/curve.parquet", CURVE)["value"].to_pylist()


def ranks(launcher: int) -> dict[str, psutil.Process]:
    """The launcher's processes by their rank."""
    found = {}
    for process in psutil.Process(launcher).children(recursive=True):
        try:
            rank = process.environ().get("RANK")
        except psutil.Error:
            continue
        found |= {rank: process} if rank is not None else {}
    return found


def test_two_processes_give_the_curve_of_one_and_one_of_them_writes(checkout):
    ended(checkout, 1)
    alone = curve(checkout)
    said = ended(checkout, 2)
    assert curve(checkout) == pytest.approx(alone, abs=TOLERANCE)
    assert curve(checkout) != alone, "two processes add up in another order: did the second one take part?"
    assert said.count("pretrain 6/6") == 1
    assert not list((checkout / "checkpoints").rglob("*.partial"))


def test_two_machines_that_share_no_folder_train_together_and_the_first_has_the_results(checkout, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "checkout"
    shutil.copytree(checkout, other)
    ended(checkout, 1)
    alone = curve(checkout)
    shutil.rmtree(checkout / "outputs/pretrain")
    with socket.create_server(("127.0.0.1", 0)) as free:
        meeting = {"PET_MASTER_ADDR": "127.0.0.1", "PET_MASTER_PORT": str(free.getsockname()[1]), "PET_NNODES": "2"}
    nodes = [started(at, 1, **meeting, PET_NODE_RANK=str(rank)) for rank, at in enumerate((checkout, other))]
    said = [node.communicate(timeout=400)[1] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], said
    assert curve(checkout) == pytest.approx(alone, abs=TOLERANCE)
    assert not (other / "outputs/pretrain").exists() and not (other / "checkpoints").exists()


@in_the_table("kill -9 of one of the two processes of a training", "one command", "the steps since the last checkpoint")
def test_when_one_of_two_is_killed_the_other_ends_and_a_rerun_goes_on(checkout):
    params = yaml.safe_load((checkout / "params.yaml").read_text())
    params["pretrain"]["training"] |= {"steps": 60, "screen_every": 100}
    (checkout / "params.yaml").write_text(yaml.safe_dump(params))
    ended(checkout, 2)
    undisturbed = curve(checkout)
    run = started(checkout, 2)
    while len(both := ranks(run.pid)) < 2 or not any(p.is_file() for p in (checkout / "checkpoints").rglob("*")):
        assert run.poll() is None and not time.sleep(0.05)
    both["1"].send_signal(signal.SIGKILL)
    said = run.communicate(timeout=200)[1]
    assert run.returncode == 1
    assert "error: pretrain: process 1 ended (SIGKILL) and the others with it. Run the stage again" in said
    assert not any(process.is_running() for process in both.values())
    assert not (checkout / "outputs/pretrain/klip").exists()
    assert "goes on behind step" in ended(checkout, 2)
    assert curve(checkout) == undisturbed
