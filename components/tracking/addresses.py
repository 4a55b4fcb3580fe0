"""Where a run or a version stands in MLflow's page."""

from urllib.parse import quote

# A link that stands in MLflow's own page needs no host: it leads to the server that shows it.
HERE = ""
# MLflow's page shows its side for chat applications otherwise, which has no list of runs and no registry.
_CLASSIC = "?workflowType=machine_learning"


def run_address(base: str, experiment_id: str, mlflow_run_id: str) -> str:
    """Address of a run's page; `base` is the server's (`http://127.0.0.1:5000`) or HERE."""
    return f"{_root(base)}#/experiments/{quote(experiment_id)}/runs/{quote(mlflow_run_id)}{_CLASSIC}"


def version_address(base: str, model: str, version: str) -> str:
    """Address of a model version's page."""
    return f"{_root(base)}#/models/{quote(model, safe='')}/versions/{quote(version, safe='')}{_CLASSIC}"


def experiments_address(base: str) -> str:
    """Address of the list of experiments: where a person begins."""
    return f"{_root(base)}#/experiments{_CLASSIC}"


def _root(base: str) -> str:
    return f"{base.rstrip('/')}/" if base else ""
