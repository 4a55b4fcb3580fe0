"""Balance: each class has its share in training, and training and test hold much the same of it."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from components.validation.contents import COVER, FAMILY, OBJECT
from components.validation.suite import WARNING, Suite
from components.validation.tables import Tables

if TYPE_CHECKING:
    from components.validation.stage import CheckChipsConfig

_SPLITS = ["train", "val", "test"]


def frame(tables: Tables) -> pd.DataFrame:
    """One row per class, `kind name`: its share of the labelled chips of training and of test, and their distance.

    A class is a family, the commonest land cover of a chip or a category of objects on it. A share is missing where
    its split has no labelled chip; `test_only` is 1 where a class is held out but never trained on.
    """
    counted = tables.contents[tables.contents["kind"].isin([FAMILY, COVER, OBJECT])]
    chips = counted.pivot_table("chips", ["kind", "name"], "split", aggfunc="sum", fill_value=0)
    chips = chips.reindex(columns=_SPLITS, fill_value=0).astype("float64")
    # Every labelled chip has one family.
    labelled = chips[chips.index.get_level_values("kind") == FAMILY].sum()
    shares = chips / labelled.where(labelled > 0)
    found = pd.DataFrame(
        {
            "class": [f"{kind} {name}" for kind, name in chips.index],
            "train_share": shares["train"],
            "test_share": shares["test"],
            "distance": (shares["train"] - shares["test"]).abs(),
            "test_only": (chips["train"].eq(0) & chips[_SPLITS[1:]].sum(axis=1).gt(0)).astype("int64"),
        }
    )
    return found.reset_index(drop=True)


def expectations(config: "CheckChipsConfig") -> list[Any]:
    """Rare classes are learned badly, absent ones not at all, and a shift makes the test another task."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="test_only",
            value_set=[0],
            severity=WARNING,
            notes="The class is tested but never trained on: add scenes that hold it at other places.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="train_share",
            min_value=config.class_share_min,
            severity=WARNING,
            notes="The class is rare in training: add scenes that hold it, or do not rest a figure on it.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="distance",
            max_value=config.class_distance_max,
            severity=WARNING,
            notes="Training and test differ in it: add places, or change ingest.split_seed before anything is trained.",
        ),
    ]


SUITE = Suite("balance", "check_chips", "class", frame, expectations)
