"""The ports that `make up` takes."""

from collections.abc import Iterator

from components.installation.finding import Finding, Installation, error, ok, warning
from components.installation.processes import is_taken, listener_on
from components.installation.services import read_services

# Variable of `make up`, port without it, and who takes it.
PORTS = (("FUSAR_PREFECT_PORT", 4200, "Prefect's server"), ("FUSAR_MLFLOW_PORT", 5000, "MLflow's server"))


def look(installation: Installation) -> Iterator[Finding]:
    """Whether each port is free, ours, or someone else's; a retrain needs none of them."""
    services = read_services(installation)
    for variable, default, server in PORTS:
        text = installation.environment.get(variable, "") or str(default)
        if not text.isdigit() or not 0 < int(text) < 65536:
            yield error(f"{variable}={text}: no port", f"Set it to a number from 1024 to 65535, or `unset {variable}`.")
            continue
        port = int(text)
        if services is not None and services.is_alive and f":{port}" in services.text:
            yield ok(f"port {port}: {server}, started by `make up` (process {services.pid})")
        elif is_taken(port):
            remedy = f"End it, or give `make up` another port: `{variable}={port + 1} make up`."
            yield warning(f"port {port}, for {server} in `make up`, is held by {listener_on(port)}", remedy)
        else:
            yield ok(f"port {port} is free for {server}")
