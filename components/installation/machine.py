"""Cores, memory, text encoding and the temporary folder."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from components.installation.finding import Finding, Installation, error, info, ok, warning

# The training stages of the laptop profile hold 1.4 GB; beside them stand Prefect's server and the parent.
NEEDED_GB = 3.0
CGROUP = Path("/sys/fs/cgroup/memory.max")


def look(installation: Installation) -> Iterator[Finding]:
    """What a retrain has to work with."""
    yield _cores()
    yield judge_memory(memory_gb())
    if sys.getfilesystemencoding().lower().replace("-", "") != "utf8":
        yield warning(f"file names are read as {sys.getfilesystemencoding()}", "`export LC_ALL=C.UTF-8`")
    yield _temporary_folder(installation)


def _cores() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = f"{cores} core{'s' if cores > 1 else ''}, load {os.getloadavg()[0]:.1f}"
    return ok(text) if cores > 1 else info(text, "The laptop profile is made for two; on one it takes twice as long.")


def memory_gb() -> float:
    """Memory that processes may take here [GB]: what is available, or less where a container sets a limit."""
    import psutil

    available = int(psutil.virtual_memory().available)
    limit = CGROUP.read_text(encoding="utf-8").strip() if CGROUP.is_file() else "max"
    return min(available, int(limit) if limit.isdigit() else available) / 1e9


def judge_memory(gigabytes: float) -> Finding:
    """Available memory [GB] against what the laptop profile needs."""
    text = f"{gigabytes:.1f} GB of memory available"
    if gigabytes < NEEDED_GB:
        return warning(f"{text}, needed about {NEEDED_GB:.0f}: a stage may be killed", "End other programs first.")
    return ok(text)


def _temporary_folder(installation: Installation) -> Finding:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
            file.flush()
    except OSError as failure:
        named = installation.environment.get("TMPDIR", "")
        where = f"TMPDIR={named}" if named else "no temporary folder"
        return error(f"{where}: nothing can be written ({failure})", "Set TMPDIR to a folder that is yours.")
    asked = installation.environment.get("TMPDIR", "")
    if asked and Path(asked).resolve() != Path(tempfile.gettempdir()).resolve():
        remedy = "Make that folder, or `unset TMPDIR`."
        return warning(f"TMPDIR={asked}: cannot be used, {tempfile.gettempdir()} is taken instead", remedy)
    return ok(f"temporary files: {tempfile.gettempdir()}")
