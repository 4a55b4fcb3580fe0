import json
import subprocess
import sys
import time

import pytest
from rich.console import Console

from cli.doctor import table_of
from components.installation.finding import Examined, Finding, Severity
from tests.conftest import ROOT, Clone


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doctor") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    clone = Clone(folder)
    clone.git("config", "user.email", "tests@localhost")
    clone.git("config", "user.name", "tests")
    return clone


def test_a_clone_where_nothing_ran_yet_has_no_error_and_stays_as_it_was(clone):
    started = time.monotonic()
    done = clone.fusar("doctor")
    print(f"fusar doctor: {time.monotonic() - started:.1f} s")
    assert "Next: fusar plan" in done.stdout
    assert "error" not in done.stdout.split("Next:")[0].splitlines()[-1]
    assert clone.git("status", "--porcelain", "--ignored=no") == ""
    assert not (clone.root / ".fusar").exists()
    assert not (clone.root / "mlruns/mlflow.db").exists()


def test_findings_as_json_name_severity_and_remedy_and_an_error_exits_with_1(clone):
    (clone.root / ".git/info/exclude").write_text("dvc.lock\n")
    try:
        done = clone.fusar("doctor", "--json", check=False)
    finally:
        (clone.root / ".git/info/exclude").unlink()
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["root"] == str(clone.root)
    (wrong,) = [finding for finding in told["findings"] if finding["severity"] == "error"]
    assert (wrong["check"], wrong["is_mendable"]) == ("git", False)
    assert "dvc.lock: git ignores it" in wrong["message"] and wrong["remedy"]


def test_with_nothing_to_mend_the_doctor_says_so(clone):
    assert "nothing that can be mended without you" in clone.fusar("doctor", "--mend").stderr


def test_brackets_in_a_finding_are_text_and_every_row_fits_into_80_columns():
    finding = Finding(Severity.ERROR, "[red]/a/" + "long/" * 40, "`rm [bold]`")
    console = Console(width=80)
    with console.capture() as captured:
        console.print(table_of([Examined("git", finding)]))
    told = captured.get()
    assert "[red]/a/" in told and "-> `rm [bold]`" in told
    assert max(len(line.rstrip()) for line in told.splitlines()) <= 80


def test_the_doctor_imports_neither_torch_nor_mlflow_nor_prefect():
    code = (
        "import sys; from cli.app import main\n"
        "try: main(['doctor', '--json'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('torch', 'mlflow', 'prefect', 'pandas') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
