"""A browser for the tests that open pages; nothing else needs one."""

import shutil
from collections.abc import Iterator

from components.installation.finding import Finding, Installation, info, ok

NAMES = ("chromium", "chromium-browser", "google-chrome")


def look(installation: Installation) -> Iterator[Finding]:
    """Whether the browser tests can run."""
    path = installation.environment.get("PATH", "")
    found = next((place for name in NAMES if (place := shutil.which(name, path=path))), None)
    if found:
        yield ok(f"{found}, for the browser tests")
    else:
        yield info("no Chromium: the browser tests are skipped, nothing else needs it", "`apt install chromium`")
