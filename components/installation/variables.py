"""Variables that are set and change what fusar and its tools do; secrets are never shown."""

from collections.abc import Iterator

from components.installation.finding import Finding, Installation, info, ok, warning
from components.installation.masking import masked_value

PREFIXES = ("FUSAR_", "MLFLOW_", "PREFECT_", "DVC_", "GIT_")
EFFECTS = {
    "CUDA_VISIBLE_DEVICES": "training sees these GPUs only",
    "DASK_SCHEDULER_ADDRESS": "scenes are cut and annotated by this cluster",
    "DVC_GLOBAL_CONFIG_DIR": "DVC reads its global settings there",
    "DVC_SYSTEM_CONFIG_DIR": "DVC reads the machine's settings there",
    "FUSAR_DVC_REMOTE": "`fusar worker start` keeps data and results there",
    "FUSAR_GIT_REMOTE": "`fusar worker start` clones that repository and runs only what it publishes",
    "FUSAR_HOME": "the repository and the state there are used, whatever folder one is in",
    "FUSAR_CHECKPOINTS": "unfinished trainings are kept there instead of beside the DVC remote",
    "FUSAR_MEMO": "results of single items are kept there instead of in .fusar/memo",
    "FUSAR_MLFLOW_PORT": "`make up` starts MLflow's server there",
    "FUSAR_PREFECT_PORT": "`make up` starts Prefect's server there",
    "FUSAR_REAL_DATA": "tests with real SAR files run on this folder",
    "FUSAR_WEBHOOK_SECRET": "`fusar webhook` takes notifications that are signed with it",
    "FUSAR_WEBHOOK_SECRET_FILE": "`fusar webhook` reads that secret from there instead",
    "HTTPS_PROXY": "connections leave through this proxy, loopback excepted",
    "HTTP_PROXY": "connections leave through this proxy, loopback excepted",
    "MLFLOW_TRACKING_TOKEN": "sent to the MLflow server",
    "MLFLOW_TRACKING_URI": "runs and models are kept there instead of in mlruns/",
    "OMP_NUM_THREADS": "training takes so many threads",
    "PET_NNODES": "training runs over so many machines",
    "PET_NPROC_PER_NODE": "training runs in so many processes on this machine",
    "PREFECT_API_KEY": "sent to the Prefect server",
    "PREFECT_API_URL": "flows run on that Prefect server; none is started",
    "PREFECT_HOME": "no effect on fusar: Prefect's home is .fusar/prefect",
    "PYTHONPATH": "Python takes packages from there first, other versions too",
    "TMPDIR": "temporary files lie there",
}
# What works against the house: what happens, and how to undo it.
HARMFUL = {
    "MLFLOW_ALLOW_FILE_STORE": ("MLflow may keep runs in plain files, where models have no registry", "`unset` it."),
    "OMP_WAIT_POLICY": ("with ACTIVE, idle threads take the cores from all others", "`export OMP_WAIT_POLICY=PASSIVE`"),
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": ("with true, Prefect keeps results besides DVC", "`unset` it."),
    "PYTHONSAFEPATH": ("`python -m components...` by hand does not find the code of the folder", "`unset` it."),
}
HARMLESS_VALUES = {"passive", "false", "0", ""}


def look(installation: Installation) -> Iterator[Finding]:
    """Each variable of fusar and its tools that is set, and what it changes."""
    found = [*_harmful(installation), *_known(installation)]
    yield from found or [ok("no variable changes what fusar does")]


def _harmful(installation: Installation) -> Iterator[Finding]:
    for name, (effect, remedy) in HARMFUL.items():
        value = installation.environment.get(name, "")
        if value.lower() not in HARMLESS_VALUES:
            yield warning(f"{name}={masked_value(name, value)}: {effect}", remedy)


def _known(installation: Installation) -> Iterator[Finding]:
    for name, value in sorted(installation.environment.items()):
        if name in HARMFUL or not value:
            continue
        if name.upper() in EFFECTS or name.startswith(PREFIXES):
            effect = EFFECTS.get(name.upper(), "read by that tool, not by fusar")
            yield info(f"{name}={masked_value(name, value)}: {effect}")
