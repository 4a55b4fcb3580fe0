"""What each step of a peer's chain does: for every scene as little as can be, so that the peers are flattered.

Only the standard library. Each step adds a line to the file that COST_TRACE names: its name, and on how many scenes it
worked. `python work.py STEP` runs one by hand.
"""

import hashlib
import os
import sys
from pathlib import Path

STEPS = ("ingest", "check_chips", "annotate", "check_annotations")
DATA, CHIPS, ANNOTATIONS = Path("data"), Path("outputs/chips"), Path("outputs/annotations")


def do(step: str) -> str:
    """Run one step on all scenes; answers its name."""
    scenes = sorted((DATA / "items").glob("*.json"))
    if step == "ingest":
        _write(CHIPS, {item.stem: (DATA / "scenes" / f"{item.stem}.tif").read_bytes()[-8192:] for item in scenes})
    elif step == "annotate":
        _write(ANNOTATIONS, {item.stem: _digest(CHIPS / item.stem) for item in scenes})
    else:
        folder = CHIPS if step == "check_chips" else ANNOTATIONS
        found = b"\n".join(_digest(folder / item.stem) for item in scenes)
        Path(f"outputs/{step}.txt").write_text(hashlib.sha256(found).hexdigest())
    with Path(os.environ["COST_TRACE"]).open("a") as trace:
        trace.write(f"{step} {len(scenes)}\n")
    return step


def _digest(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).hexdigest().encode()


def _write(folder: Path, contents: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    do(sys.argv[1])
