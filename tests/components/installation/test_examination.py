import pickle
import subprocess
import sys

from components.installation import errors
from components.installation.examination import CHECKS, examine, has_errors, installation_at
from components.installation.finding import Check, Severity
from tests.conftest import ROOT


def test_a_check_that_fails_becomes_a_finding_and_the_others_go_on(installation):
    def fail(_):
        raise ImportError("No module named 'dvc'")

    examined = list(examine(installation, (Check("first", fail), *CHECKS)))
    assert (examined[0].check, examined[0].finding.severity) == ("first", Severity.ERROR)
    assert "pip install -r requirements.lock" in examined[0].finding.remedy
    assert {one.check for one in examined} >= {"python", "git", "disk"}
    assert has_errors(examined)


def test_every_warning_and_error_says_what_to_do(with_store):
    (with_store.root / ".dvc/config").unlink()
    for one in examine(with_store):
        if one.finding.severity in (Severity.WARNING, Severity.ERROR):
            assert one.finding.remedy, one


def test_without_any_package_the_findings_are_still_told():
    command = [sys.executable, "-S", "-m", "components.installation"]  # -S: no site-packages
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "requirements.lock: " in done.stdout and "packages are missing" in done.stdout
    for check in ("python", "git", "disk", "machine"):
        assert f" {check} " in done.stdout
    assert "torch: not installed" in done.stdout


def test_a_folder_that_is_in_no_repository_is_examined_all_the_same(tmp_path):
    examined = list(examine(installation_at(tmp_path, {})))
    assert any(one.check == "git" and one.finding.severity is Severity.ERROR for one in examined)


def test_no_check_has_the_name_of_another():
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_every_error_survives_pickling():
    samples = [
        errors.StoreInUse("mlruns/mlflow.db", "locked"),
        errors.UpgradeFailed("MLflow's database", "no"),
        errors.NewerSchema("MLflow's database", "mlruns/mlflow.db", "3", "2"),
    ]
    assert {type(sample) for sample in samples} == set(errors.InstallationError.__subclasses__())
    for sample in samples:
        assert str(pickle.loads(pickle.dumps(sample))) == str(sample)
