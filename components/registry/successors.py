"""Who should be champion instead, when scenes of the champion were withdrawn."""

from collections.abc import Collection
from dataclasses import dataclass

from mlflow import MlflowClient

from components.lineage.journal import journal_url
from components.lineage.versions import CHAMPION, versions_of, with_alias
from components.registry.ledger import Ledger
from components.registry.models import MODELS
from components.revisions.home import Home


@dataclass(frozen=True)
class Succession:
    """A champion that should not stay, and what to do.

    Attributes:
        model: registered name.
        version: the champion.
        successor: the last clean version; empty when every version was reached.
        command: what makes it champion, or a clean version.
    """

    model: str
    version: str
    successor: str
    command: str


def successions(home: Home, client: MlflowClient, reached: Collection[str]) -> tuple[Succession, ...]:
    """The champions among the versions that withdrawn scenes reached, each with its last clean successor.

    Args:
        home: of the repository.
        client: of its registry.
        reached: versions as MODEL/VERSION.
    """
    ledger, found = Ledger(journal_url(home.root)), []
    for model in MODELS:
        crowned = [written.entry.version for written in ledger.entries(model.name)]
        alias = with_alias(client, model.name, CHAMPION)
        champion = crowned[-1] if crowned else str(alias.version) if alias is not None else ""
        if f"{model.name}/{champion}" not in reached:
            continue
        earlier = next((number for number in reversed(crowned) if f"{model.name}/{number}" not in reached), "")
        others = (str(version.version) for version in versions_of(client, model.name))
        other = next((number for number in others if f"{model.name}/{number}" not in reached), "")
        found.append(Succession(model.name, champion, earlier or other, _command(model.name, earlier, other)))
    return tuple(found)


def _command(model: str, earlier: str, other: str) -> str:
    if earlier:
        return f"fusar promote rollback {model} {earlier} --reason 'withdrawn scene'"
    return f"fusar promote {model}/{other}" if other else f"fusar retrain && fusar promote {model}@challenger"
