"""Whether a retrain may start from the weights that its profile names: asked before hours of work."""

from collections.abc import Mapping

from components.contract.params import read_params
from components.revisions.checkout import PARAMS_FILE, Checkout
from components.revisions.home import Home

_KEY = "warm_start"


def refuse_warm_starts(home: Home, checkout: Checkout) -> None:
    """Look up the versions that a profile starts from, where it names any.

    Raises:
        LineageError: nobody knows such a version, or withdrawn scenes reached it.
    """
    params = read_params(checkout.folder / PARAMS_FILE)
    told = {name: stage.get(_KEY) for name, stage in params.items() if isinstance(stage, Mapping)}
    # What is no text at all the stage's own config refuses.
    asked = {name: md5 for name, md5 in told.items() if isinstance(md5, str)}
    if asked:
        from components.lineage.versions import open_registry  # MLflow: most retrains need not wait for it
        from components.registry.warm_starts import refuse_folders

        refuse_folders(home, open_registry(home.root), asked)
