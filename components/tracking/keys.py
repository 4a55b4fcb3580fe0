"""What tells one stage run from another."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def input_key(lock_entry: Mapping[str, Any]) -> str:
    """SHA-256 of what a stage run rests on: the command, the params and each dep's path and md5.

    Args:
        lock_entry: the stage's mapping as dvc.lock has it (`cmd`, `deps`, `params`); outs are ignored, so the key is
            known before the run.
    """
    deps = sorted([dep["path"], dep.get("md5") or ""] for dep in lock_entry.get("deps", []))
    rests_on = {"cmd": lock_entry["cmd"], "deps": deps, "params": lock_entry.get("params", {})}
    return hashlib.sha256(json.dumps(rests_on, sort_keys=True).encode()).hexdigest()
