"""Free disk, and what this clone takes of it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from components.installation.finding import Finding, Installation, error, info, ok, warning
from components.installation.sizes import gigabytes, measure, state_groups

# Measured with requirements.lock (CPU wheel) and the laptop profile, in bytes; a retrain writes before it tidies up.
ENVIRONMENT, DEMO, LEAST = 3.3e9, 0.8e9, 0.5e9
SECONDS = 1.5


def look(installation: Installation) -> Iterator[Finding]:
    """What is free where the clone and temporary files lie, and the share of each part of the clone."""
    root = installation.root
    free = shutil.disk_usage(root).free
    yield _judge(f"{gigabytes(free)} free at {root}", free)
    try:
        scratch = Path(tempfile.gettempdir())
    except OSError:
        scratch = root  # the check of the machine says that there is no temporary folder
    if scratch.stat().st_dev != root.stat().st_dev:
        space = shutil.disk_usage(scratch).free
        if space < LEAST:
            remedy = "Free some, or set TMPDIR to a folder with more."
            yield error(f"{gigabytes(space)} free at {scratch}, for temporary files", remedy)
    sizes = measure(state_groups(root, root / ".fusar/remote", root / ".dvc/cache"), SECONDS)
    parts = ", ".join(f"{name} {gigabytes(size)}" for name, size in sizes.groups.items())
    at_least = "" if sizes.is_whole else "at least "
    yield info(f"this clone takes {at_least}{gigabytes(sizes.total)}: {parts}")


def _judge(message: str, free: int) -> Finding:
    needs = f"an environment needs about {gigabytes(ENVIRONMENT)}, a laptop demo {gigabytes(DEMO)}"
    remedy = "Free some: `make clean` removes all state and models of this clone, `dvc gc` what no commit uses."
    if free < LEAST:
        return error(f"{message}: too little for any retrain; {needs}", remedy)
    if free < DEMO + LEAST:
        return warning(f"{message}: little; {needs}", remedy)
    return ok(f"{message}; {needs}")
