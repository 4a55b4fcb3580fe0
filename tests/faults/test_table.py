"""docs/reference/faults.md says what was injected, and every test of this folder is in it."""

import inspect
from pathlib import Path
from types import ModuleType

from tests.faults import test_disk, test_fleet, test_poison
from tests.faults.injections import INJECTIONS, table
from tests.small_house import ROOT


def names_in(module: ModuleType) -> set[str]:
    name = module.__name__.rpartition(".")[2]
    return {f"{name}.{member}" for member, _ in inspect.getmembers(module, inspect.isfunction) if "test_" in member[:5]}


def test_the_page_has_the_table_of_the_tests_and_no_other():
    page = (ROOT / "docs/reference/faults.md").read_text(encoding="utf-8")
    assert table() in page, f"docs/reference/faults.md should hold:\n\n{table()}"


def test_every_fault_is_in_the_table():
    modules = (test_disk, test_fleet, test_poison)
    files = {file.stem for file in Path(__file__).parent.glob("test_*.py")} - {"test_table", "test_soak"}
    assert {module.__name__.rpartition(".")[2] for module in modules} == files
    assert set.union(*(names_in(module) for module in modules)) == set(INJECTIONS)
