"""`python -m components.simulation --catalogue demo --seed 1 --out data`."""

import argparse
import sys
from pathlib import Path

from components.contract.errors import FusarError
from components.simulation.conditions import SEASONS, Conditions
from components.simulation.simulate import simulate


def main() -> None:
    """Simulate one catalogue; exit 1 on bad input, 2 on misuse."""
    parser = argparse.ArgumentParser(prog="python -m components.simulation", description=__doc__)
    parser.add_argument("--catalogue", required=True, help="name in catalogues.yaml: demo, tiny, arrivals ...")
    parser.add_argument("--seed", required=True, type=int, help="same seed, same bytes")
    parser.add_argument("--out", required=True, type=Path, help="data folder to write into")
    parser.add_argument("--season", choices=sorted(SEASONS), default="summer", help="when the scenes are taken")
    parser.add_argument("--calibration-db", type=float, default=0.0, help="error of the sensor's calibration [dB]")
    options = parser.parse_args()
    conditions = Conditions(options.calibration_db, SEASONS[options.season])
    try:
        scenes = simulate(options.catalogue, options.seed, options.out, conditions)
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    print(f"{len(scenes)} simulated scenes in {options.out}")


if __name__ == "__main__":
    main()
