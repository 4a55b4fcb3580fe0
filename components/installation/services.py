"""What `make up` wrote about the servers that it runs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.installation.finding import Finding, Installation, info, ok, warning
from components.installation.processes import is_running


@dataclass(frozen=True)
class Written:
    """The file of the running services.

    Attributes:
        pid: process that started them; -1 where the file does not say.
        text: the whole file.
        at: when it was written [s since 1970].
    """

    pid: int
    text: str
    at: float

    @property
    def is_alive(self) -> bool:
        """Whether that process runs; one younger than the file only has its number."""
        import psutil

        try:
            return is_running(self.pid) and psutil.Process(self.pid).create_time() <= self.at + 1.0
        except psutil.Error:
            return False


def look(installation: Installation) -> Iterator[Finding]:
    """Whether the servers that the file speaks of still run."""
    services = read_services(installation)
    if services is None:
        yield info("no servers of `make up` run; none is needed to retrain")
    elif services.is_alive:
        yield ok(f"the servers of `make up` run (process {services.pid})")
    else:
        yield warning(
            f"{services_file(installation)}: speaks of servers that were killed (process {services.pid})",
            f"`rm {services_file(installation)}`, or `fusar doctor --mend`.",
            is_mendable=True,
        )


def services_file(installation: Installation) -> Path:
    """Where `make up` describes its servers."""
    return installation.state / "services.json"


def read_services(installation: Installation) -> Written | None:
    """What `make up` wrote; None when it wrote nothing."""
    file = services_file(installation)
    if not file.exists():
        return None
    text, at = file.read_text(encoding="utf-8", errors="replace"), file.stat().st_mtime
    try:
        return Written(int(json.loads(text)["pid"]), text, at)
    except (ValueError, KeyError, TypeError):
        return Written(-1, text, at)


def has_stale_file(installation: Installation) -> bool:
    """Whether the file speaks of servers that do not run."""
    services = read_services(installation)
    return services is not None and not services.is_alive
