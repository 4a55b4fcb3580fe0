"""What a registered model asks pip for: all that serving imports, in the versions of the lock, and nothing else."""

import re
import sys
from importlib import metadata
from pathlib import Path

import grimp
import pytest

from components.registry.errors import RegistryError
from components.registry.models import KLIP
from components.registry.packaging import PACKAGES, package, pinned_requirements
from tests.components.registry.made import save_tiny_klip

LOCK = Path(__file__).resolve().parents[3] / "requirements.lock"


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def requirements() -> dict[str, str]:
    lines = [line.partition("==") for line in pinned_requirements(LOCK)]
    return {canonical(name): version for name, _, version in lines}


def test_all_that_serving_imports_is_required(requirements: dict[str, str]) -> None:
    graph = grimp.build_graph("components", include_external_packages=True)
    served = ("components.inference.gpt_model", "components.inference.klip_model")
    reached = {module for start in served for module in graph.find_upstream_modules(start)}
    packages = {module.partition(".")[0] for module in reached} - {"components"} - sys.stdlib_module_names
    owners = metadata.packages_distributions()
    assert {canonical(owner) for package in packages for owner in owners[package]} - requirements.keys() == set()
    assert {"torch", "rasterio", "mlflow"} <= packages


def test_what_the_packages_need_themselves_is_pinned_too(requirements: dict[str, str]) -> None:
    assert set(PACKAGES) <= requirements.keys()
    assert {"uvicorn", "fastapi", "sqlalchemy", "huggingface-hub"} <= requirements.keys()


def test_the_orchestration_is_not_installed_to_serve(requirements: dict[str, str]) -> None:
    assert {"prefect", "dvc", "dask", "great-expectations"} & requirements.keys() == set()


def test_every_requirement_is_a_line_of_the_lock_so_that_a_cpu_wheel_of_torch_satisfies_it() -> None:
    assert set(pinned_requirements(LOCK)) <= set(LOCK.read_text().splitlines())
    assert not [line for line in pinned_requirements(LOCK) if "+" in line]


def test_a_lock_without_a_package_that_serving_imports_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("torch==2.13.0\n")
    with pytest.raises(RegistryError, match="does not pin accelerate, affine, mlflow"):
        pinned_requirements(tmp_path / "requirements.lock")


@pytest.mark.parametrize("name", ["optimizer.pt", "training_args.bin", "tokenizer/added.pkl", "tokenizer.pkl"])
def test_a_file_that_is_none_of_a_models_is_never_registered(tmp_path: Path, name: str) -> None:
    folder = tmp_path / KLIP.kind.folder
    save_tiny_klip(folder, seed=1)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"\x80\x04cposix\nsystem\n")
    with pytest.raises(RegistryError, match=re.escape(f"holds {name}, but a model is config.json")):
        package(KLIP, tmp_path, ("m-1", "1"), tmp_path / "model")
    assert not (tmp_path / "model").exists()
