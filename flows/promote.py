"""A promotion as a flow: it judges, writes, shows the comparison and ends; it never waits for a person."""

from pathlib import Path

from prefect import flow
from prefect.states import Completed, Failed, State

from components.contract.errors import FusarError
from components.revisions.home import find_home
from flows.addresses import addresses
from flows.artifacts import key_of, show_markdown
from flows.parameters import ModelName, VersionNumber
from flows.telling import tell_champions, tell_verdicts


@flow(name="promote", flow_run_name="{model}/{version}", persist_result=False)  # type: ignore[untyped-decorator]
def promote(model: ModelName, version: VersionNumber) -> State[None]:
    """Make a version champion if it passes every gate; where only people are missing, say so and end.

    Args:
        model: Registered name.
        version: Number of the version.
    """
    # Here and not above: `make up` reads this file to make the deployment, and MLflow's import takes seconds.
    from components.lineage.versions import CHAMPION, open_registry
    from components.registry.candidacy import judge_again
    from components.registry.comparison import comparison, in_words
    from components.registry.verdicts import AWAITING

    home = find_home(Path.cwd())
    # A message and no exception: a refusal is an answer, and Prefect would have to pickle the error.
    try:
        verdict = judge_again(home, model, version)
        tell_verdicts([verdict.as_dict()])
        tell_champions(home, [model])
        text = comparison(home, open_registry(home.root), verdict, addresses(home).mlflow)
    except FusarError as error:
        return Failed(message=str(error))
    show_markdown(key_of("promote", model, version), text, f"{model}/{version} beside the champion")
    name = verdict.state.capitalize() if verdict.state in (CHAMPION, AWAITING) else "Refused"
    return Completed(name=name, message=in_words(verdict))
