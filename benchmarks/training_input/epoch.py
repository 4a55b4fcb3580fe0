"""One epoch of one contestant in a process of its own: `python -m benchmarks.training_input.epoch NAME FOLDER`."""

import argparse
import json
import time
from importlib import import_module
from pathlib import Path

import torch

from benchmarks.training_input.readers import READERS

_IMPORTED = {"fusar": "components.training.planes", "png": "PIL.Image"}


def main() -> None:
    """Print what one epoch took as JSON, imports apart; every chip must come once, and as bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=READERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-order", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    import_module(_IMPORTED.get(asked.name, asked.name))
    epoch = READERS[asked.name](asked.folder, asked.workers, asked.seed, not asked.in_order)
    first_s, seen = 0.0, 0
    names: set[str] = set()
    began = time.perf_counter()
    for ids, codes, captions in epoch:
        first_s = first_s or time.perf_counter() - began
        assert codes.dtype == torch.uint8 and len(ids) == len(codes) == len(captions)
        names.update(ids)
        seen += len(ids)
    seconds = time.perf_counter() - began
    print(json.dumps({"chips": seen, "different": len(names), "seconds": seconds, "first_s": first_s}))


if __name__ == "__main__":
    main()
