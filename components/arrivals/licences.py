"""Under which licence an item is, and whether that is one of those that were asked for."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pystac_client import Client

    from components.arrivals.stac import Arrival

UNKNOWN: Final = "unknown"
_LONGEST: Final = 60


class Licences:
    """Lets items pass that are under a licence of each list that names any.

    Attributes:
        left: how many did not pass, by licence.
    """

    def __init__(self, *lists: Sequence[str]) -> None:
        """Take lists of licences; one without names lets all pass."""
        self._lists = [{licence.casefold() for licence in licences} for licences in lists if licences]
        self._of_collection = dict[str, str]()
        self.left = Counter[str]()

    def allow(self, arrival: "Arrival", client: "Client") -> bool:
        """Whether an item passes; its API is asked for its collection where it does not say itself."""
        if not self._lists:
            return True
        licence = self._licence(arrival, client)
        is_allowed = all(licence.casefold() in licences for licences in self._lists)
        if not is_allowed:
            self.left[licence] += 1
        return is_allowed

    def _licence(self, arrival: "Arrival", client: "Client") -> str:
        """The item's own licence, else its collection's."""
        stated = arrival.item["properties"].get("license")
        if isinstance(stated, str) and stated:
            return stated[:_LONGEST]
        name = arrival.collection
        if name not in self._of_collection:
            found = client.get_collection(name) if name else None
            self._of_collection[name] = str(getattr(found, "license", "") or UNKNOWN)[:_LONGEST]
        return self._of_collection[name]
