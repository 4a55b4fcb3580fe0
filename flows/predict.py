"""A batch prediction as a flow: the scenes of a folder or a STAC collection, on a worker of pool `cpu`."""

import json
from pathlib import Path

from prefect import flow
from prefect.states import Completed, Failed, State

from components.contract.errors import FusarError
from components.inference.batch.run import Request, predict_all
from components.revisions.home import find_home
from components.tracking.markdown import escaped, table
from flows.artifacts import key_of, show_markdown
from flows.parameters import AskedVersion, Location


@flow(name="predict", flow_run_name="{model} on {scenes}", persist_result=False)  # type: ignore[untyped-decorator]
def predict(scenes: Location, folder: Location, model: AskedVersion) -> State[None]:
    """Ask a registered version about every scene of a folder or collection; a second run goes on from the first.

    Args:
        scenes: Folder of GeoTIFFs, a data folder, or a STAC item or collection (.json); relative to the repository.
        folder: Where GeoParquet and GeoJSON go; relative to the repository.
        model: MODEL@ALIAS or MODEL/VERSION.
    """
    home = find_home(Path.cwd())
    request = Request((home.root / scenes,), model, "", "", home.root / folder)
    # A message and no exception: Prefect would have to pickle the error.
    try:
        summary = predict_all(home, request)
    except FusarError as error:
        return Failed(message=str(error))
    aside = [[escaped(scene["file"]), escaped(scene["reason"])] for scene in summary.pop("set_aside")]
    facts = table(["", ""], [[name, escaped(str(value))] for name, value in summary.items()])
    parts = [facts, *([f"## Set aside\n\n{table(['scene', 'reason'], aside)}"] if aside else [])]
    show_markdown(key_of("predict", model, folder), "\n\n".join(parts), f"{model} on {scenes}")
    return Completed(message=json.dumps({**summary, "set_aside": len(aside)}))
