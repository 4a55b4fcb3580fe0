"""What came back from a cache or a remote, hashed again: a name says nothing about the bytes under it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.revisions.errors import Poisoned


def check_restored(folder: Path, stage: str, entry: Mapping[str, Any]) -> None:
    """Hash the restored outputs of a stage, without DVC's memory of what it has hashed before.

    Args:
        folder: root of the checkout.
        stage: their stage.
        entry: its lock entry.

    Raises:
        Poisoned: the bytes on disk are not those of the entry.
    """
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB
    from dvc_objects.fs.local import localfs

    with tempfile.TemporaryDirectory() as nothing:
        objects = HashFileDB(localfs, nothing, hash_name="md5")
        for out in entry.get("outs", ()):
            path = folder / out["path"]
            found = build(objects, str(path), localfs, "md5", dry_run=True)[2].hash_info.value if path.exists() else ""
            if found != out.get("md5"):
                problem = f"its bytes have the digest {found}, not {out.get('md5')}" if found else "it is missing"
                raise Poisoned(stage, out["path"], problem)
