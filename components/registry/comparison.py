"""A verdict told to the people whose word is asked for: gates, figures beside the champion's, who has spoken."""

from collections.abc import Iterator, Mapping
from typing import Final

from mlflow import MlflowClient

from components.lineage.evaluations import read_evaluation
from components.lineage.versions import CHAMPION
from components.registry.approvals import approvals_of
from components.registry.verdicts import AWAITING, Verdict
from components.revisions.home import Home
from components.tracking.addresses import version_address
from components.tracking.markdown import Markdown, code, escaped, link, table

_ENDS: Final = (".low", ".high")


def comparison(home: Home, client: MlflowClient, verdict: Verdict, mlflow: str) -> Markdown:
    """The whole of it, as Markdown.

    Args:
        home: the repository whose journal holds the approvals.
        client: of its registry.
        verdict: what the gates say.
        mlflow: root of MLflow's page.
    """
    return Markdown(
        "\n\n".join(
            (*_head(verdict, mlflow), *_gates(verdict), *_figures(client, verdict), *_said(home, client, verdict))
        )
    )


def in_words(verdict: Verdict) -> str:
    """`fusar-gpt/3 awaiting approval: 1 of 2 approvals (...)`: the state, and what the first refusing gate says."""
    name = f"{verdict.model}/{verdict.version}"
    refused = [f"{judged.gate}: {judged.outcome.reason}" for judged in verdict.gates if not judged.outcome.passed]
    state = verdict.state if verdict.state in (CHAMPION, AWAITING) else "refused"
    return f"{name} {state}" + (f"; {'; '.join(refused)}" if refused else "")


def _head(verdict: Verdict, mlflow: str) -> Iterator[str]:
    name = f"{verdict.model}/{verdict.version}"
    shown = link(name, version_address(mlflow, verdict.model, verdict.version))
    champion = f"{verdict.model}/{verdict.champion}"
    against = link(champion, version_address(mlflow, verdict.model, verdict.champion)) if verdict.champion else "none"
    if verdict.state == CHAMPION:
        yield f"**Champion**: {shown}. Before: {against}."
    elif verdict.state == AWAITING:
        yield f"**Awaiting approval**: {shown} passes every gate that needs no person. The champion: {against}."
        yield "To say yes or no, after a look at what follows:"
        yield "\n\n".join(code(f'fusar promote {word} {name} --reason "why"') for word in ("approve", "reject"))
    else:
        yield f"**Refused**: {shown}. The champion stays: {against}."


def _gates(verdict: Verdict) -> Iterator[str]:
    rows = [
        [judged.gate, _answer(judged.outcome.passed, judged.outcome.waits_for_people), judged.outcome.reason]
        for judged in verdict.gates
    ]
    yield "## Gates"
    yield table(["gate", "answer", "because"], rows)


def _answer(passed: bool, waits: bool) -> str | Markdown:
    return "passed" if passed else Markdown("**waits**") if waits else Markdown("**refused**")


def _figures(client: MlflowClient, verdict: Verdict) -> Iterator[str]:
    """Main figures of both versions; the paired difference stands in the gates, this is for the eye."""
    numbers = [number for number in (verdict.version, verdict.champion) if number]
    found = [
        read_evaluation(client, client.get_model_version(verdict.model, number)).metrics
        for number in dict.fromkeys(numbers)
    ]
    names = [name for name in sorted(found[0]) if name.startswith(f"{verdict.model}.") and name.count(".") == 1]
    if names:
        yield "## Figures on held-out places"
        columns = [f"{verdict.model}/{number} [%]" for number in dict.fromkeys(numbers)]
        yield table(["figure", *columns], [[name, *(_figure(metrics, name) for metrics in found)] for name in names])


def _figure(metrics: Mapping[str, float], name: str) -> str:
    if name not in metrics:
        return ""
    low, high = (metrics.get(f"{name}{end}") for end in _ENDS)
    interval = f" ({100 * low:.1f} to {100 * high:.1f})" if low is not None and high is not None else ""
    return f"{100 * metrics[name]:.1f}{interval}"


def _said(home: Home, client: MlflowClient, verdict: Verdict) -> Iterator[str]:
    stated = approvals_of(home, client.get_model_version(verdict.model, verdict.version))
    if stated:
        rows = [[one.at, one.in_words, one.digest[:12], one.reason] for one in stated]
        yield "## Who has spoken"
        yield table(["when", "what", "about", "why"], rows)
        yield escaped("A word about other bytes than today's is void; the gate approvals says which count.")
