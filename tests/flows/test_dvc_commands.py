"""SIGTERM to a stage's whole process group: the stage keeps what it has before anything of it is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Takes a second for its checkpoint, as a large training may.
SLOW_TO_END = """
import os, signal, sys, time
def keep(number, frame):
    time.sleep(1)
    open("kept", "w").close()
    sys.exit(os.EX_TEMPFAIL)
signal.signal(signal.SIGTERM, keep)
open("began", "w").close()
time.sleep(60)
"""


def test_sigterm_to_the_group_leaves_the_stage_its_grace(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW_TO_END)
    (tmp_path / "dvc.yaml").write_text("stages: {slow: {cmd: python slow.py, deps: [slow.py]}}\n")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    here = {**os.environ, "PATH": path, "SHELL": "/bin/sh", "DVC_NO_ANALYTICS": "1"}
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], cwd=tmp_path, env=here, check=True)
    dvc = [sys.executable, "-P", str(ROOT / "flows/dvc_commands.py"), json.dumps([["repro", "--single-item", "slow"]])]
    run = subprocess.Popen(
        [sys.executable, "-P", str(ROOT / "flows/supervisor.py"), *dvc],
        cwd=tmp_path,
        env=here,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not (tmp_path / "began").exists():
        assert run.poll() is None and not time.sleep(0.05)
    os.killpg(run.pid, signal.SIGTERM)
    said = run.communicate(timeout=120)[1]
    assert run.returncode not in (0, -signal.SIGTERM)
    assert (tmp_path / "kept").exists(), said
    assert b"exited with 75" in said
