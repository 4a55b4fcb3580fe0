import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTS = Path(sys.executable).parent
STAGE = ("-m", "components.pretraining", "pretrain")
PARAMS = ROOT / "profiles/tiny.yaml"


def said(folder: Path, *command: str, **variables: str) -> tuple[int, str]:
    """Exit code and what a launcher said that was started in a folder without any input."""
    (folder / "params.yaml").write_bytes(PARAMS.read_bytes())
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_one_process_where_a_launcher_meant_two_is_refused(tmp_path):
    launch = (str(SCRIPTS / "accelerate"), "launch", "--cpu", "--num_processes", "2", *STAGE)
    code, text = said(tmp_path, *launch)
    assert code != 0
    assert "error: processes: MASTER_ADDR is '127.0.0.1', but WORLD_SIZE is not set" in text


def test_fewer_processes_than_the_environment_asks_for_are_refused(tmp_path):
    launch = (str(SCRIPTS / "torchrun"), "--standalone", "--nproc-per-node", "1", *STAGE)
    code, text = said(tmp_path, *launch, PET_NPROC_PER_NODE="2")
    assert code != 0
    assert "error: processes: 1 started, but PET_NNODES and PET_NPROC_PER_NODE ask for 2" in text


@pytest.mark.parametrize("names", [(), ("nonsense",)])
def test_misuse_is_told_before_any_process_is_started(tmp_path, names):
    code, text = said(tmp_path, sys.executable, *STAGE[:2], *names, PET_NPROC_PER_NODE="2")
    assert (code, text.count("usage:")) == (2, 1)
