"""The environment of every process that a flow starts."""

import os
import sys
from pathlib import Path

from components.contract.side import SIDE_FOLDER
from components.lineage.journal import journal_url
from components.revisions.home import Home

# What the user has set stands; these only fill the gaps.
QUIET = {
    "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads collapse as soon as anything else wants a core
    "HF_HUB_OFFLINE": "1",  # a wrong local path costs minutes of network retries otherwise
    "GX_ANALYTICS_ENABLED": "False",
    "TOKENIZERS_PARALLELISM": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
# What would point a child at another repository, another code or another shell.
FOREIGN = ("GIT_", "DVC_ROOT", "DVC_STAGE", "PYTHONSAFEPATH", "PYTHONHOME")


def child_environment(home: Home, side_folder: Path | None = None) -> dict[str, str]:
    """Variables for a stage or a step that runs in a checkout, with this interpreter first on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    fixed = {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "SHELL": "/bin/sh",  # DVC runs the commands of a stage with the user's shell otherwise
        "PYTHONUNBUFFERED": "1",
        "DVC_NO_ANALYTICS": "1",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "COLUMNS": "120",
    }
    side = {SIDE_FOLDER: str(side_folder)} if side_folder else {}
    # Beside the DVC remote: whichever machine takes an unfinished training up again must find its checkpoint.
    shared = {"FUSAR_MEMO": str(home.memo), "FUSAR_CHECKPOINTS": f"{journal_url(home.root)}/checkpoints"}
    return {**QUIET, **shared, **kept, **fixed, **side}
