"""promotion.yaml: what a version of each model must pass to become champion."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from pydantic import ValidationError

from components.registry.errors import PolicyError
from components.registry.gates import (
    alphaearth_ablation,
    approvals,
    finite_weights,
    latency,
    lineage_complete,
    lineage_verified,
    metric_floor,
    no_critical_failure,
    no_withdrawn_scene,
    not_worse,
    serves,
    size,
    slice_floor,
    unseen_test_set,
)
from components.registry.gates.gate import Gate, Settings
from components.registry.models import MODELS
from components.revisions import git
from components.revisions.home import Home

POLICY_FILE: Final = "promotion.yaml"
GATES: Final = (
    lineage_complete.GATE,
    lineage_verified.GATE,
    no_critical_failure.GATE,
    no_withdrawn_scene.GATE,
    finite_weights.GATE,
    metric_floor.GATE,
    slice_floor.GATE,
    alphaearth_ablation.GATE,
    not_worse.GATE,
    serves.GATE,
    latency.GATE,
    size.GATE,
    unseen_test_set.GATE,
    approvals.GATE,
)


@dataclass(frozen=True)
class Rule:
    """One gate with its settings, as it stands in the policy."""

    gate: Gate
    settings: Settings


@dataclass(frozen=True)
class Policy:
    """The rules of each model, and the digest of the text that they were read from."""

    rules: Mapping[str, tuple[Rule, ...]]
    sha256: str


def committed_policy(home: Home) -> Policy:
    """The policy at the head of the main working tree: an uncommitted edit lets nothing pass.

    Raises:
        PolicyError: there is none, or it is wrong.
    """
    content = git.blob(home.root, "HEAD", POLICY_FILE)
    if content is None:
        raise PolicyError(POLICY_FILE, ("is not in the commit that is checked out; commit it",))
    return parse_policy(content, POLICY_FILE)


def parse_policy(content: bytes, source: str) -> Policy:
    """Read and check a policy.

    Args:
        content: YAML: registered name to a list of gates, each `gate: NAME` with that gate's settings.
        source: what to call it in errors.

    Raises:
        PolicyError: naming every problem at once.
    """
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise PolicyError(source, (f"cannot be read as YAML: {error}",)) from error
    names = {model.name for model in MODELS}
    if not isinstance(document, dict) or set(document) != names:
        raise PolicyError(source, (f"must have exactly the keys {', '.join(sorted(names))}",))
    problems: list[str] = []
    rules = {name: _rules(name, document[name], problems) for name in sorted(names)}
    if problems:
        raise PolicyError(source, tuple(problems))
    return Policy(rules, hashlib.sha256(content).hexdigest())


def _rules(model: str, items: Any, problems: list[str]) -> tuple[Rule, ...]:
    if not isinstance(items, list) or not items:
        problems.append(f"{model}: must be a list of gates, at least one")
        return ()
    found = [_rule(f"{model}[{place}]", item, problems) for place, item in enumerate(items)]
    rules = tuple(rule for rule in found if rule is not None)
    # An old commit's policy does not name it, and must not bring a withdrawn scene back.
    withdrawn = no_withdrawn_scene.GATE
    named = any(rule.gate is withdrawn for rule in rules)
    return rules if named else (*rules, Rule(withdrawn, withdrawn.settings()))


def _rule(where: str, item: Any, problems: list[str]) -> Rule | None:
    gates = {gate.name: gate for gate in GATES}
    name = item.get("gate") if isinstance(item, dict) else None
    if name not in gates:
        problems.append(f"{where}.gate: must be one of {', '.join(gates)} (got {name!r})")
        return None
    try:
        values = {key: value for key, value in item.items() if key != "gate"}
        return Rule(gates[name], gates[name].settings.model_validate(values))
    except ValidationError as error:
        for problem in error.errors():
            key = ".".join([where, *map(str, problem["loc"])])
            problems.append(f"{key}: {problem['msg']} (got {problem['input']!r})")
        return None
