"""What can be wrong with what `evaluate` reads."""

from components.contract.errors import FusarError


class NothingToEvaluate(FusarError):
    """No chip lies in the split that is to be evaluated."""

    def __init__(self, folder: str, split: str) -> None:
        super().__init__(folder, split)
        self.folder, self.split = folder, split

    def __str__(self) -> str:
        return (
            f"{self.folder}: no chip of split {self.split!r}. Choose another evaluate.split in params.yaml, or add "
            f"scenes at more places (ingest.test_share decides how many places are held out)."
        )
