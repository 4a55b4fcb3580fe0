"""Versions that are booted for real by `mlflow models serve`: what they answer, and that nothing of them stays."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pandas as pd
import psutil
import pytest

from components.lineage.versions import open_registry, resolve
from components.registry import booting
from components.registry.gates import latency, serves, size
from components.registry.gates.gate import Candidate, Outcome
from components.revisions.home import Home
from components.tracking.runs import Tracking
from tests.conftest import Demo
from tests.small_house import ROOT

# To the questions for a count, a class and a land cover.
ANSWERS = 'return [{"How": "3 ships", "Whi": "open water", "Wha": "water"}[q[:3]] for q in model_input["question"]]'
SETTINGS = serves.Serves(max_boot_s=200, min_in_form=1.0)
FAST_ENOUGH = latency.Latency(max_median_ms=5000)


def registered(root: Path, body: str, load: str = "pass") -> str:
    """A version of fusar-gpt without torch. Only a server runs `load` and `body`: saving tries the model too."""
    code = root / "model.py"
    code.write_text(
        "import os, time\nimport mlflow\nfrom mlflow.models import set_model\n"
        "served = os.getcwd().endswith('serving')\n"
        f"class Model(mlflow.pyfunc.PythonModel):\n    def load_context(self, context):\n        if served: {load}\n"
        "    def predict(self, context, model_input):\n        if not served: return ['3'] * len(model_input)\n"
        f"        {body}\nset_model(Model())\n"
    )
    folder = root / "packed"
    example = pd.DataFrame([{"image": "AA==", "polarizations": "VV", "question": "Which class is this chip?"}])
    mlflow.pyfunc.save_model(folder, python_model=str(code), pip_requirements=[], input_example=example)
    client = open_registry(root)
    logged = client.create_logged_model(Tracking(root).experiment_id, name="fusar-gpt")
    client.log_model_artifacts(logged.model_id, str(folder))
    source = f"models:/{logged.model_id}"
    return str(client.create_model_version("fusar-gpt", source=source, model_id=logged.model_id).version)


def candidate(root: Path, name: str, scratch: Path) -> Candidate:
    client = open_registry(root)
    return Candidate(client, resolve(client, name), scratch, Home(root))


def judged(root: Path, version: str, scratch: Path) -> Outcome:
    return serves.judge(SETTINGS, candidate(root, f"fusar-gpt/{version}", scratch), None)


def servers(root: Path) -> list[int]:
    """Processes that serve out of a scratch folder below `root`."""
    found = []
    for process in psutil.process_iter(["pid", "environ"]):
        if str(root) in (process.info["environ"] or {}).get("TMPDIR", ""):
            found.append(process.info["pid"])
    return found


def test_a_registered_model_boots_once_for_all_gates_and_nothing_of_it_stays(demo: Demo, tmp_path: Path) -> None:
    asked = candidate(demo.clone.root, "fusar-gpt/1", tmp_path)
    outcome = serves.judge(serves.Serves(max_boot_s=200, min_in_form=0.0), asked, None)
    assert outcome.passed, outcome.reason
    assert [prompt["prompt"] for prompt in outcome.evidence["prompts"]] == [
        "input example",
        "count",
        "classify",
        "land_cover",
    ]
    assert servers(tmp_path) == []
    timed = latency.judge(FAST_ENOUGH, asked, None)
    assert timed.passed, timed.reason
    assert len(timed.evidence["ms"]) == 15
    assert not latency.judge(latency.Latency(max_median_ms=timed.evidence["median_ms"] / 2), asked, None).passed
    assert size.judge(size.Size(max_mb=1), asked, None).passed
    too_large = size.judge(size.Size(max_mb=0.1), asked, None)
    assert not too_large.passed
    assert "in 3 files (largest model.safetensors), allowed 0.1 MB" in too_large.reason


@pytest.mark.slow
def test_fusar_klip_answers_with_vectors_of_length_1(demo: Demo, tmp_path: Path) -> None:
    outcome = serves.judge(SETTINGS, candidate(demo.clone.root, "fusar-klip/1", tmp_path), None)
    assert outcome.passed, outcome.reason
    assert outcome.evidence["in_form"] == outcome.evidence["answers"] == 5


def test_a_model_that_does_not_load_is_refused_with_its_own_words(root: Path, tmp_path: Path) -> None:
    version = registered(root, ANSWERS, load='raise ValueError("the tokenizer [bold]is gone[/bold]")')
    asked = candidate(root, f"fusar-gpt/{version}", tmp_path / "scratch")
    outcome = serves.judge(SETTINGS, asked, None)
    assert (outcome.passed, outcome.reason) == (False, "does not boot: ValueError: the tokenizer [bold]is gone[/bold]")
    assert latency.judge(FAST_ENOUGH, asked, None).reason.startswith("nothing to time")
    assert servers(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "passed", "reason"),
    [
        (ANSWERS, True, "4 of 4 answers in the form asked for"),
        ('return ["no idea"] * len(model_input)', False, "1 of 4 answers in the form asked for, needed 100%"),
        ('return ["3", "4"]', False, "input example: not 1 answers"),
        ('raise ValueError("broken")', False, "input example: status 400"),
        ("os._exit(3)", False, "input example: no answer (ConnectionError)"),
    ],
    ids=["good", "formless", "too many", "raises", "dies"],
)
def test_what_a_served_model_says_is_judged_by_its_form(
    root: Path, tmp_path: Path, body: str, passed: bool, reason: str
) -> None:
    outcome = judged(root, registered(root, body), tmp_path / "scratch")
    assert outcome.passed is passed
    assert reason in outcome.reason
    assert servers(tmp_path) == []


@pytest.mark.slow
def test_a_model_that_hangs_is_given_up_and_its_processes_end(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booting, "BOOT_SECONDS", 12.0)
    outcome = judged(root, registered(root, ANSWERS, load="time.sleep(600)"), tmp_path / "scratch")
    assert outcome.reason.startswith("does not boot: no answer within 12 s")
    assert servers(tmp_path) == []


@pytest.mark.slow
def test_kill_9_of_the_judge_ends_the_server_too(root: Path, tmp_path: Path) -> None:
    version = registered(root, ANSWERS, load="time.sleep(600)")
    script = (
        "import sys\nfrom pathlib import Path\nfrom tests.components.registry.test_serving import judged\n"
        "judged(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))\n"
    )
    scratch = tmp_path / "scratch"
    judge = subprocess.Popen([sys.executable, "-c", script, str(root), version, str(scratch)], cwd=ROOT)
    wait_until(lambda: len(servers(tmp_path)) >= 2)
    judge.send_signal(signal.SIGKILL)
    judge.wait()
    wait_until(lambda: servers(tmp_path) == [])


def wait_until(is_so, seconds: float = 60.0) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)
