"""docs/reference/faults.md says what was injected, and every test of this folder is in it."""

import inspect
from importlib import import_module
from pathlib import Path

from tests.faults.injections import INJECTIONS, table
from tests.small_house import ROOT

HERE = Path(__file__).parent
FILES = {file.stem for file in HERE.glob("test_*.py")} - {"test_table", "test_soak"}
# Faults of a training lie beside its other tests, those of machines with addresses beside the fleet's.
ELSEWHERE = {
    "test_resuming": "components.finetuning",
    "test_processes": "components.pretraining",
    "test_faults": "fleet",
}
MODULES = {name: import_module(f"tests.{ELSEWHERE.get(name, 'faults')}.{name}") for name in FILES | set(ELSEWHERE)}


def test_the_page_has_the_table_of_the_tests_and_no_other():
    page = (ROOT / "docs/reference/faults.md").read_text(encoding="utf-8")
    assert table() in page, f"docs/reference/faults.md should hold:\n\n{table()}"


def test_every_fault_is_in_the_table():
    found = {
        f"{file}.{member}"
        for file in FILES
        for member, _ in inspect.getmembers(MODULES[file], inspect.isfunction)
        if member.startswith("test_")
    }
    assert found == {name for name in INJECTIONS if name.partition(".")[0] not in ELSEWHERE}
    assert {name.partition(".")[0] for name in INJECTIONS} == FILES | set(ELSEWHERE)
