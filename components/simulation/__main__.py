"""`python -m components.simulation --catalogue demo --seed 1 --out data`."""

import argparse
import sys
from pathlib import Path

from components.contract.errors import FusarError
from components.simulation.simulate import simulate


def main() -> None:
    """Simulate one catalogue; exit 1 on bad input, 2 on misuse."""
    parser = argparse.ArgumentParser(prog="python -m components.simulation", description=__doc__)
    parser.add_argument("--catalogue", required=True, help="name in catalogues.yaml: demo, tiny, demo-update")
    parser.add_argument("--seed", required=True, type=int, help="same seed, same bytes")
    parser.add_argument("--out", required=True, type=Path, help="data folder to write into")
    options = parser.parse_args()
    try:
        scenes = simulate(options.catalogue, options.seed, options.out)
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    print(f"{len(scenes)} simulated scenes in {options.out}")


if __name__ == "__main__":
    main()
