import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version

import pytest

from components.installation import accelerator, browser, interpreter, machine, packages, variables
from components.installation.finding import Severity
from components.installation.masking import masked
from tests.conftest import ROOT


def test_a_package_that_is_missing_is_an_error_with_the_command_that_installs_it(installation, worst):
    (installation.root / "requirements-geodata.lock").write_text(f"filelock=={version('filelock')}\n")
    (installation.root / "requirements.lock").write_text("no-such-package-of-fusar==1.0\n")
    finding = worst(packages.look(installation))
    assert finding.severity is Severity.ERROR
    assert "no-such-package-of-fusar==1.0" in finding.message
    assert "pip install -r requirements.lock" in finding.remedy


def test_a_package_of_another_version_is_a_warning_that_names_both(installation, worst):
    for lock in packages.LOCKS:
        (installation.root / lock).write_text("Filelock==0.0.1\n")
    finding = worst(packages.look(installation))
    assert finding.severity is Severity.WARNING
    assert f"filelock {version('filelock')} (lock: 0.0.1)" in finding.message


def test_a_cpu_build_of_torch_satisfies_the_lock(installation, worst):
    for lock in packages.LOCKS:
        (installation.root / lock).write_text(f"torch=={version('torch').partition('+')[0]}\n")
    assert worst(packages.look(installation)).severity is Severity.OK


def test_the_locks_of_the_repository_are_read_whole():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert len(packages.pins_of(ROOT / "requirements.lock")) == sum("==" in x for x in lines if x[0] != "#")


def test_commands_of_a_moved_environment_are_found_by_their_first_line(installation, worst):
    folder = installation.root / ".venv/bin"
    folder.mkdir(parents=True)
    (folder / "fusar").write_text("#!/somewhere/before/.venv/bin/python3\n")
    finding = worst(interpreter.look(installation))
    assert finding.severity is Severity.ERROR
    assert "/somewhere/before/.venv/bin/python3" in finding.message
    assert "make setup" in finding.remedy


def test_code_of_another_folder_is_a_warning(installation, worst):
    finding = worst(interpreter.look(installation))
    assert (finding.severity, str(ROOT) in finding.message) == (Severity.WARNING, True)


@pytest.mark.parametrize(("cuda", "devices", "severity"), [
    ("", (), Severity.OK), ("13.0", ("H100 (driver 580)",), Severity.OK),
    ("", ("H100 (driver 580)",), Severity.WARNING), ("13.0", (), Severity.INFO),
])  # fmt: skip
def test_the_build_of_torch_is_held_against_the_gpus(cuda, devices, severity):
    assert accelerator.judge("2.13.0", cuda, devices).severity is severity


def test_a_driver_that_answers_is_asked_for_its_gpus(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 580.65'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert accelerator.gpus() == ("NVIDIA H100 80GB HBM3 (driver 580.65)",)
    program.write_text("#!/bin/sh\nexit 9\n")
    assert accelerator.gpus() == ()


def test_torchvision_is_a_warning(installation, worst, tmp_path, monkeypatch):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision/__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    finding = worst(accelerator.look(installation))
    assert (finding.severity, finding.remedy) == (Severity.WARNING, "`pip uninstall torchvision`")


def test_little_memory_is_a_warning():
    assert machine.judge_memory(1.2).severity is Severity.WARNING
    assert machine.judge_memory(machine.NEEDED_GB + 1).severity is Severity.OK
    assert 0.1 < machine.memory_gb() < 10_000


def test_a_temporary_folder_that_is_gone_is_a_warning(installation, worst, tmp_path):
    finding = worst(machine.look(replace(installation, environment={"TMPDIR": str(tmp_path / "absent")})))
    assert finding.severity is Severity.WARNING
    assert f"TMPDIR={tmp_path / 'absent'}" in finding.message


def test_file_names_that_are_no_utf8_are_a_warning(tmp_path):
    code = (
        "from components.installation import machine; from components.installation.finding import Installation\n"
        f"from pathlib import Path; here = Installation(Path({str(tmp_path)!r}), {{}}, Path('/'))\n"
        "print([str(f) for f in machine.look(here) if f.severity == 'warning'])"
    )
    environment = {"PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-X", "utf8=0", "-c", code]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert "file names are read as" in told and "LC_ALL=C.UTF-8" in told


def test_a_disk_without_room_is_an_error(tmp_path):
    """On a real file system of 20 MB, mounted where only the test sees it."""
    enter = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*enter, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces are not permitted here")
    code = (
        "from components.installation import disk; from components.installation.finding import Installation\n"
        f"from pathlib import Path; here = Installation(Path({str(tmp_path)!r}), {{}}, Path('/'))\n"
        "print(*(f'{f.severity} {f.message}' for f in disk.look(here)), sep='\\n')"
    )
    inside = f'mount -t tmpfs -o size=20m none {tmp_path} && exec "$@"'
    command = [*enter, "sh", "-c", inside, "sh", sys.executable, "-c", code]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"error 21 MB free at {tmp_path}: too little for any retrain" in told


def test_variables_are_named_with_their_effect_and_without_their_secrets(installation):
    environment = {
        "MLFLOW_TRACKING_URI": "postgresql://me:hunter2@db.example/mlflow?password=hunter2&sslmode=on",
        "PREFECT_API_KEY": "hunter2",
        "FUSAR_MEMO": "/elsewhere",
        "OMP_WAIT_POLICY": "ACTIVE",
        "HOME": "/root",
    }
    findings = list(variables.look(replace(installation, environment=environment)))
    told = "\n".join(finding.message for finding in findings)
    assert "hunter2" not in told
    assert "MLFLOW_TRACKING_URI=postgresql://***@db.example/mlflow?password=***&sslmode=on: runs and models" in told
    assert "PREFECT_API_KEY=***" in told and "FUSAR_MEMO=/elsewhere" in told and "HOME" not in told
    assert [f.message.split("=")[0] for f in findings if f.severity is Severity.WARNING] == ["OMP_WAIT_POLICY"]


def test_an_address_without_secrets_stays_as_it_is():
    assert masked("http://127.0.0.1:4200/api") == "http://127.0.0.1:4200/api"


def test_a_machine_without_chromium_is_told_what_is_left_out(installation, worst, tmp_path):
    finding = worst(browser.look(replace(installation, environment={"PATH": str(tmp_path)})))
    assert (finding.severity, finding.message.startswith("no Chromium")) == (Severity.INFO, True)
