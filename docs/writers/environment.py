"""Page of the environment variables: those that a person sets, and those that the processes set for each other."""

from pathlib import Path

from components.installation.variables import EFFECTS, HARMFUL
from docs.writers.markdown import code, page, table
from flows.environment import QUIET

HEAD = """Knobs live in params.yaml; variables say where things are and what a machine has. `fusar doctor` shows
those that are set."""
# Set by one process for another, or by a server's operator; a person who retrains needs none of them.
BETWEEN_PROCESSES = {
    "FUSAR_GPU_LIMITS": "names of the limits in Prefect that a stage on GPUs holds; set by the worker of pool gpu",
    "FUSAR_LOCK": "lock file that the services of `make up` hold while they run; set by `make up`",
    "FUSAR_OWN_PREFECT_SERVER": "tells a child process that its Prefect server ends with the command; set by the flow",
    "FUSAR_SERVE_FOLDER": "the one folder whose files a request to a served model may name in `path`; unset, none",
    "FUSAR_SOAK": "how many retrains the soak test makes; unset, `make test-slow` leaves it out; set by whoever tests",
    "FUSAR_SIDE_FOLDER": "where a stage leaves what is shown but not answered for (Data Docs); set by the flow",
}


def environment_page(root: Path) -> str:
    """Variables by who sets them."""
    harmful = [(code(name), f"{effect}. {remedy}") for name, (effect, remedy) in HARMFUL.items()]
    return page(
        "Environment variables",
        HEAD,
        {
            "Set by people": table(("variable", "effect when set"), _rows(EFFECTS)),
            "Better not set": table(("variable", "effect, and what to do"), harmful),
            "Set by processes and operators": table(("variable", "meaning"), _rows(BETWEEN_PROCESSES)),
            "Filled in for every child process where it is not set": table(
                ("variable", "value"), [(code(name), code(value)) for name, value in QUIET.items()]
            ),
        },
    )


def _rows(meanings: dict[str, str]) -> list[tuple[str, str]]:
    return [(code(name), meaning) for name, meaning in sorted(meanings.items())]
