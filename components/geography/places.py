"""Places: the geographic cells by which data are split, since neighbouring chips and dates of one place leak."""

import hashlib
import math

from components.records.schemas import UNPLACED


def place_id(longitude: float, latitude: float, cell_deg: float) -> str:
    """Name of the cell that holds a point, after the cell's south-western corner, such as `N43.500E004.500`."""
    south = math.floor(latitude / cell_deg) * cell_deg
    west = math.floor(longitude / cell_deg) * cell_deg
    # Rounded first: -0.0004 would read S00.000 beside N00.000 for one and the same corner.
    south, west = round(south, 3) + 0.0, round(west, 3) + 0.0
    return f"{'S' if south < 0 else 'N'}{abs(south):06.3f}{'W' if west < 0 else 'E'}{abs(west):07.3f}"


def unplaced_id(group: str) -> str:
    """Name of the place of pictures of which nobody knows where they lie: one for all pictures of one scene."""
    return f"{UNPLACED}{group}"


def split_of(place: str, seed: int, val_share: float, test_share: float) -> str:
    """Split of a place: train, val or test, by a seeded hash of its name.

    A place never changes its split when others are added. The shares hold for many places, not for each catalogue.
    """
    digest = hashlib.sha256(f"{seed}:{place}".encode()).digest()
    draw = int.from_bytes(digest[:8], "big") / 2**64
    if draw < test_share:
        return "test"
    return "val" if draw < test_share + val_share else "train"
