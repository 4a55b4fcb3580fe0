"""docs/how-to/add-a-task.md, followed in a copy: one file, one registration, and its share in the parameters."""

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
NEW_TASK = '''
"""Is the chip square?"""

from components.tasks.question import Question, Task, exact


def questions(chip, rng):
    return [Question("shape", "Is this chip square?", "yes", "yes")]


TASK = Task("shape", questions, exact, is_exact=True)
'''
JUDGED = """
from dataclasses import dataclass
from components.evaluation.asking import Item
from components.evaluation.baselines import Baselines
from components.evaluation.judging import Judge
from components.scores.bootstrap import Resampling
from components.tasks import shape
@dataclass
class Truth:
    place_id: str
    chip_id: str = "c"
    platform: str = "sim"
    family: str = "ship"
@dataclass
class Chip:
    truth: Truth
(question,) = shape.questions(None, None)
items = [Item(Chip(Truth(place)), question, "correct", answer) for place, answer in (("a", "Yes."), ("b", "no"))]
for metric in Judge(Baselines([question]), Resampling(100, 1), 2).metrics(items):
    print(metric.key, metric.estimate.value, metric.baselines["majority"])
"""


def in_copy(copy: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], cwd=copy, capture_output=True, text=True, check=False)


def test_a_task_is_one_file_one_registration_and_its_share_in_the_parameters(tmp_path: Path) -> None:
    for package in ("components", "flows"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "components/tasks/shape.py").write_text(NEW_TASK)
    registry = tmp_path / "components/tasks/__init__.py"
    text = registry.read_text().replace("import classify,", "import classify, shape,")
    registry.write_text(text.replace("detect.TASK)", "detect.TASK, shape.TASK)"))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    refused = in_copy(tmp_path, "-m", "flows.graph", "params.yaml")
    assert refused.returncode == 1 and refused.stderr.count("missing: ['shape']") == 1, refused.stderr
    assert "evaluate.tasks" in refused.stderr and "missing: shape" in refused.stderr

    params["instruct"]["task_weights"]["shape"] = 1.0
    params["evaluate"]["tasks"]["shape"] = {"chips": 9, "max_new_tokens": 4, "variants": ["correct"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    accepted = in_copy(tmp_path, "-m", "flows.graph", "params.yaml")
    assert accepted.returncode == 0, accepted.stderr
    judged = in_copy(tmp_path, "-c", JUDGED)
    assert judged.stdout.split() == ["fusar-gpt.shape", "0.5", "1.0"], judged.stderr


def test_a_task_that_nobody_registered_is_refused_by_name(tmp_path: Path) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["evaluate"]["tasks"]["weather"] = {"chips": 1, "max_new_tokens": 1, "variants": ["correct"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    refused = in_copy(ROOT, "-m", "flows.graph", str(tmp_path / "params.yaml"))
    assert refused.returncode == 1 and "weather" in refused.stderr and "no task of this name" in refused.stderr
