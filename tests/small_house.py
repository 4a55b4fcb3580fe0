"""A small repository with the real contract, real git and real DVC, and three stages that take no time.

`cut` splits the lines of data/ into one file each, `count` counts the letters of each, `total` adds them up. Every
stage that really runs writes its name to the file that SMALL_HOUSE_TRACE names; the one that SMALL_HOUSE_HANG_AT names
waits there until it is killed or a file beside that one lets it go on, the one that SMALL_HOUSE_FAIL_AT names fails.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@localhost")

STAGE = """
import json, os, time
from pathlib import Path
from pydantic import Field
from components.contract.errors import MissingInput
from components.contract.side import side_folder
from components.contract.stage import Stage, StageConfig
from components.words.letters import letters

class {config}(StageConfig):
    {fields}

def run(config, inputs, outputs):
    with open(os.environ["SMALL_HOUSE_TRACE"], "a") as trace:
        trace.write("{name}\\n")
    if os.environ.get("SMALL_HOUSE_HANG_AT") == "{name}":
        Path(os.environ["SMALL_HOUSE_TRACE"] + ".pid").write_text(str(os.getpid()))
        go_on, until = Path(os.environ["SMALL_HOUSE_TRACE"] + ".go-on"), time.monotonic() + 120
        while not go_on.exists() and time.monotonic() < until:
            time.sleep(0.05)
    if os.environ.get("SMALL_HOUSE_FAIL_AT") == "{name}":
        (side_folder() / "shown.html").write_text("what went wrong")
        raise MissingInput("{name}", "a file of the test")
    {body}

STAGES = (Stage("{name}", {config}, run, {inputs}, {outputs}),)
"""
STAGES = {
    "cutting": {
        "name": "cut",
        "config": "CutConfig",
        "fields": "longest: int = Field(ge=1, le=250, description='Longest piece [letter].')",
        "inputs": {"data": "data"},
        "outputs": ("pieces",),
        "body": """outputs["pieces"].mkdir()
    files = sorted(inputs["data"].glob("*.txt"))
    for file in files:
        (outputs["pieces"] / file.name).write_text(file.read_text()[: config.longest])
    return {"files": float(len(files))}""",
    },
    "counting": {
        "name": "count",
        "config": "CountConfig",
        "fields": "step: int = Field(ge=1, le=250, description='Weight of a letter [1].')",
        "inputs": {"pieces": "outputs/cut/pieces"},
        "outputs": ("counts.json",),
        "body": """counts = {f.name: config.step * letters(f.read_text()) for f in sorted(inputs["pieces"].iterdir())}
    outputs["counts.json"].write_text(json.dumps(counts, sort_keys=True))
    return {"counted": float(len(counts))}""",
    },
    "summing": {
        "name": "total",
        "config": "TotalConfig",
        "fields": "factor: float = Field(ge=0, le=9, description='Factor of the total [1].')",
        "inputs": {"counts": "outputs/count/counts.json", "withdrawn": "withdrawn.csv"},
        "outputs": ("total.json",),
        "body": """withdrawn = inputs["withdrawn"].read_text().split()
    counts = json.loads(inputs["counts"].read_text())
    total = config.factor * sum(n for name, n in counts.items() if name not in withdrawn)
    outputs["total.json"].write_text(json.dumps(total))
    return {"total": total}""",
    },
}
REGISTRY = """
import json, sys
from pathlib import Path
step, options = sys.argv[1], sys.argv[2:]
value = lambda name: options[options.index(name) + 1]
if step == "register":
    known = Path(value("--root")) / "versions.txt"
    total = (Path(value("--checkout")) / "outputs/total/total.json").read_text()
    totals = known.read_text().split() if known.exists() else []
    is_new = total not in totals
    totals += [total] if is_new else []
    known.write_text(" ".join(totals))
    version = {"model": "adder", "version": str(totals.index(total) + 1), "is_new": is_new, "simulated": True}
    print(json.dumps({"versions": [version]}))
else:
    model, version = options[-1].split("/")
    verdict = {"model": model, "version": version, "passed": True, "state": "champion", "champion": "", "gates": []}
    print(json.dumps({"verdicts": [verdict]}))
"""
REPORTING = """
import sys
from pathlib import Path
Path(sys.argv[2]).parent.mkdir(parents=True, exist_ok=True)
Path(sys.argv[2]).write_text(sys.argv[3])
"""
PARAMS = "cut: {longest: 40}\ncount: {step: 1}\ntotal: {factor: 1.0}\n"
GRAPH = """from components.counting.stage import STAGES as COUNTING
from components.cutting.stage import STAGES as CUTTING
from components.summing.stage import STAGES as SUMMING
"""


def environment(trace: Path, **more: str) -> dict[str, str]:
    """Variables for every process of a test: the small house first on the path, ours behind it."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    here = {"PATH": path, "PYTHONPATH": "", "SMALL_HOUSE_TRACE": str(trace), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **here, **more}


def run(folder: Path, *command: str, trace: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command in the small house and show what it said when it fails."""
    env = environment(trace or folder.parent / "trace", **more)
    result = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def dvc(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "dvc", *arguments, **more)


def commit(folder: Path, message: str = "change") -> str:
    """Commit everything but the lock, which is a result, and answer the commit's id."""
    run(folder, "git", "add", "--all", ":!dvc.lock")
    run(folder, "git", *IDENTITY, "commit", "--quiet", "--allow-empty", "--message", message)
    return run(folder, "git", "rev-parse", "HEAD").stdout.strip()


def build(folder: Path) -> Path:
    """Write the small house, put its data under DVC and commit it."""
    for name in (".gitignore", ".dvcignore", ".dvc/config", "mlruns/.gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for package in ("components/contract", "components/revisions", "flows", "cli"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "components/__init__.py").write_text("")
    graph = (ROOT / "flows/graph.py").read_text().split("\n)\n", 1)[1]
    declared = "STAGES: tuple[Stage, ...] = (*CUTTING, *COUNTING, *SUMMING)\n\n"
    head = "import json\nimport sys\nfrom collections.abc import Sequence\nfrom pathlib import Path\n"
    contract = (
        "from components.contract.errors import FusarError\nfrom components.contract.params import check_params\n"
        "from components.contract.stage import Stage\n"
    )
    (folder / "flows/graph.py").write_text(head + contract + GRAPH + declared + graph)
    for package, words in STAGES.items():
        inside = folder / "components" / package
        inside.mkdir()
        (inside / "__init__.py").write_text("")
        (inside / "stage.py").write_text(STAGE.format(**words))
        main = (
            f"from components.contract.entry import main\nfrom components.{package}.stage import STAGES\nmain(STAGES)\n"
        )
        (inside / "__main__.py").write_text(main)
    words = folder / "components/words"
    words.mkdir()
    (words / "__init__.py").write_text("")
    (words / "letters.py").write_text("def letters(text):\n    return sum(c.isalpha() for c in text)\n")
    for step, text in (("registry", REGISTRY), ("reporting", REPORTING)):
        (folder / "components" / step).mkdir()
        (folder / "components" / step / "__init__.py").write_text("")
        (folder / "components" / step / "__main__.py").write_text(text)
    (folder / "profiles").mkdir()
    for name in ("params.yaml", "profiles/laptop.yaml"):
        (folder / name).write_text(PARAMS)
    (folder / "profiles/tiny.yaml").write_text(PARAMS.replace("40", "4"))
    (folder / "requirements.lock").write_text("")
    (folder / "withdrawn.csv").write_text("")
    (folder / "data").mkdir()
    for number in range(3):
        (folder / f"data/{number}.txt").write_text(f"scene number {number}")
    run(folder, "git", "init", "--quiet", "--initial-branch=main")
    dvc(folder, "add", "--quiet", "data")
    dvc(folder, "push", "--quiet", "data.dvc")
    (folder / "dvc.yaml").write_text(run(folder, sys.executable, "-m", "flows.dvcfile").stdout)
    commit(folder, "small house")
    return folder


def fusar(house: Path, *arguments: str, **more: str) -> "subprocess.Popen[str]":
    """Start `fusar` in the small house as a person does, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cli.app", *arguments],
        cwd=house,
        env={**environment(house.parent / "trace", **more), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's background job ignores SIGINT, and so would all that it starts: a person's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.fixture(scope="session")
def built_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("built") / "house")


@pytest.fixture
def house(built_house: Path, tmp_path: Path) -> Path:
    """A copy of the small house, nothing run yet."""
    return Path(shutil.copytree(built_house, tmp_path / "house", symlinks=True))


@pytest.fixture(scope="session")
def run_house(built_house: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "house"
    shutil.copytree(built_house, folder, symlinks=True)
    dvc(folder, "repro", "--quiet")
    return folder


@pytest.fixture
def finished_house(run_house: Path, tmp_path: Path) -> Path:
    """A copy of the small house in which `dvc repro` has run everything."""
    return Path(shutil.copytree(run_house, tmp_path / "house", symlinks=True))


def traced(trace: Path) -> list[str]:
    """Names of the stages that really ran, in order."""
    return trace.read_text().split() if trace.exists() else []
