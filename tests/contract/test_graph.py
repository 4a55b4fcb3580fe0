"""dvc.yaml says exactly what the packages declare."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from components.contract.params import check_params
from components.contract.stage import OUTPUTS_FOLDER, Stage
from flows.dvcfile import code_packages, render
from flows.graph import STAGES, package_of

ROOT = Path(__file__).resolve().parents[2]
CONTENT = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
EACH_STAGE = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)


def test_the_committed_dvc_yaml_is_what_make_dvc_yaml_writes():
    assert (ROOT / "dvc.yaml").read_text(encoding="utf-8") == render(STAGES), "run `make dvc.yaml`"


def test_every_stage_of_dvc_yaml_is_declared_once_and_the_other_way_round():
    assert list(CONTENT["stages"]) == [stage.name for stage in STAGES]


@EACH_STAGE
def test_the_command_names_the_package_and_the_stage_and_nothing_else(stage: Stage):
    assert CONTENT["stages"][stage.name]["cmd"] == f"python -m {package_of(stage)} {stage.name}"


@EACH_STAGE
def test_every_output_is_cached_and_none_persists(stage: Stage):
    """A persisted output switches the run-cache off, an uncached one is not shared."""
    entry = CONTENT["stages"][stage.name]
    assert all(isinstance(out, str) and out.startswith(f"{OUTPUTS_FOLDER}/{stage.name}/") for out in entry["outs"])
    assert entry["metrics"] == [stage.metrics_path]
    assert set(entry) == {"cmd", "deps", "params", "outs", "metrics"}


@EACH_STAGE
def test_every_input_is_made_by_another_stage_or_lies_in_the_repository(stage: Stage):
    made = {other.output_path(name) for other in STAGES if other is not stage for name in other.outputs}
    for path in stage.inputs.values():
        assert path in made or (ROOT / path).is_file() or (ROOT / f"{path}.dvc").is_file(), path


@EACH_STAGE
def test_no_stage_depends_on_the_code_of_another_stage(stage: Stage):
    others = {package_of(other).replace(".", "/") for other in STAGES} - {package_of(stage).replace(".", "/")}
    assert not others & set(CONTENT["stages"][stage.name]["deps"])


def test_code_that_is_imported_by_what_is_imported_counts(tmp_path, monkeypatch):
    for name, text in {
        "top": "import house.middle.a",
        "middle": "from house.bottom import b",
        "bottom": "",
        "aside": "",
    }.items():
        (tmp_path / "house" / name).mkdir(parents=True)
        (tmp_path / "house" / name / "__init__.py").write_text("")
        (tmp_path / "house" / name / {"middle": "a.py", "bottom": "b.py"}.get(name, "c.py")).write_text(text)
    (tmp_path / "house/__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert code_packages("house.top") == ("house/bottom", "house/middle", "house/top")


@pytest.mark.parametrize(
    "path", ["params.yaml", *sorted(f"profiles/{p.name}" for p in (ROOT / "profiles").glob("*.yaml"))]
)
def test_every_profile_fits_every_stage(path):
    assert list(check_params(ROOT / path, STAGES)) == [stage.name for stage in STAGES]


def test_the_laptop_profile_is_params_yaml():
    assert (ROOT / "profiles/laptop.yaml").read_bytes() == (ROOT / "params.yaml").read_bytes()


@pytest.mark.parametrize(
    "module", ["flows.retrain", "flows.planning", "cli.app", "cli.retrain", "cli.plan", "flows.graph"]
)
def test_nothing_that_decides_imports_what_computes(module):
    code = f"import {module}, sys; print(*sorted({{'torch', 'transformers', 'great_expectations'}} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
