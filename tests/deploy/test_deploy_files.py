"""Images against hadolint, manifests against the schema of Kubernetes' own API, the job template against Prefect's."""

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

KUBERNETES = "1.37"
DEPLOY = ROOT / "deploy"
TEMPLATES = ("work-pool-cpu.json", "work-pool-gpu.json")
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="requirements-dev.lock is not installed")


def hadolint(file: Path) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed (requirements-dev.lock)")
    return subprocess.run([program, str(file)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["Dockerfile.cpu", "Dockerfile.gpu"])
def test_an_image_has_no_finding_of_the_linter_and_no_root(name, tmp_path):
    file = DEPLOY / name
    done = hadolint(file)
    assert done.returncode == 0, done.stdout
    assert "USER 10001" in file.read_text()
    worse = tmp_path / name
    worse.write_text(file.read_text().replace("git=1:2.39.*", "git"))
    assert "DL3008" in hadolint(worse).stdout, "the linter sees what it is to see"


@pytest.mark.parametrize("name", ["Dockerfile.cpu", "Dockerfile.gpu"])
def test_what_an_image_copies_is_let_through_and_exists(name):
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = [line[1:] for line in ignored if line.startswith("!")]
    assert ignored[1] == "*", "all else stays out: data, models, secrets"
    assert all((ROOT / path).exists() for path in let_through)
    copied = [line.split()[1:-1] for line in (DEPLOY / name).read_text().splitlines() if line.startswith("COPY ")]
    assert {path for paths in copied for path in paths} <= {*let_through, "."}
    # The addresses of the manifests name a bucket: only these packages reach it.
    assert "--requirement requirements-fleet.lock" in (DEPLOY / name).read_text()


def manifests() -> list[Any]:
    files = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    return [document for file in files for document in yaml.safe_load_all(file.read_text()) if document]


def test_every_manifest_is_one_that_kubernetes_takes():
    found = manifests()
    assert sorted(f"{one['kind']} {one['metadata']['name']}" for one in found) == [
        "ConfigMap fusar-addresses",
        "Deployment fusar-control",
        "Deployment fusar-cpu",
        "Deployment fusar-gpu",
    ]
    for one in found:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)
    wrong = copy.deepcopy(found[1])
    wrong["spec"]["replica"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_a_pod_takes_the_pool_that_it_is_named_after_and_has_all_addresses():
    addresses = set(next(one for one in manifests() if one["kind"] == "ConfigMap")["data"])
    assert addresses == {"PREFECT_API_URL", "MLFLOW_TRACKING_URI", "FUSAR_GIT_REMOTE", "FUSAR_DVC_REMOTE"}
    for one in (one for one in manifests() if one["kind"] == "Deployment"):
        (container,) = one["spec"]["template"]["spec"]["containers"]
        pool = one["metadata"]["labels"]["pool"]
        assert container["args"] == ["fusar", "worker", "start", pool]
        assert container["image"] == ("fusar:gpu" if pool == "gpu" else "fusar:cpu")
        assert ("nvidia.com/gpu" in container["resources"]["limits"]) == (pool == "gpu")


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_job_of_a_work_pool_is_one_that_kubernetes_takes(name):
    from prefect.utilities.templating import apply_values

    template = json.loads((DEPLOY / "kubernetes" / name).read_text())
    variables = {key: about.get("default") for key, about in template["variables"]["properties"].items()}
    # What the worker of prefect-kubernetes fills in before it asks Kubernetes for a job.
    given = {"name": "stage", "env": [{"name": "A", "value": "b"}], "command": ["python", "-m", "prefect.engine"]}
    values = {key: value for key, value in {**variables, "labels": {}, **given}.items() if value is not None}
    job = apply_values(template["job_configuration"]["job_manifest"], values, remove_notset=True)
    kubernetes_validate.validate(job, KUBERNETES, strict=True)
    pod = job["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == name.replace("work-pool-", "fusar:").removesuffix(".json")
    assert pod["initContainers"][0]["image"] == pod["containers"][0]["image"]
    assert job["spec"]["completions"] == 1
    code = pod["initContainers"][0]["args"][-1]
    compile(code, name, "exec")
    job["spec"]["template"]["spec"]["restartPolice"] = "Never"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_all_that_prefects_own_has(name):
    library = pytest.importorskip("prefect_kubernetes", reason="prefect-kubernetes is not installed")
    ours = json.loads((DEPLOY / "kubernetes" / name).read_text())
    theirs = library.KubernetesWorker.get_default_base_job_template()
    assert set(theirs["variables"]["properties"]) <= set(ours["variables"]["properties"])
    assert set(theirs["job_configuration"]) == set(ours["job_configuration"])
    library.worker.KubernetesWorkerVariables.model_validate(
        {key: about["default"] for key, about in ours["variables"]["properties"].items() if "default" in about}
        | {"name": "stage"}
    )
