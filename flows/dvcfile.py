"""dvc.yaml, written from what the packages declare; for developers, since it needs grimp."""

from collections.abc import Iterable
from typing import Any

import yaml

from components.contract.stage import Stage
from flows.graph import STAGES, package_of

REQUIREMENTS = "requirements.lock"
HEADER = "# Written by `make dvc.yaml` from the packages' STAGES; tests/contract holds it to them. Do not edit.\n"


def code_packages(package: str) -> tuple[str, ...]:
    """Folders of the code that a package answers for: its own and every package that it imports, directly or not.

    Args:
        package: dotted name of the package (`components.ingestion`).

    Returns:
        Paths relative to the repository, sorted.
    """
    import grimp

    root = package.split(".")[0]
    graph = grimp.build_graph(root, cache_dir=None)
    modules = graph.find_upstream_modules(package, as_package=True) | {package}
    packages = {".".join(module.split(".")[:2]) for module in modules if "." in module}
    return tuple(sorted(name.replace(".", "/") for name in packages))


def stage_entry(stage: Stage) -> dict[str, Any]:
    """What dvc.yaml says of one stage: command, deps (code, data, run-time packages), params, outs."""
    package = package_of(stage)
    deps = {*code_packages(package), *stage.inputs.values(), REQUIREMENTS}
    return {
        "cmd": f"python -m {package} {stage.name}",
        "deps": sorted(deps),
        "params": [stage.name],
        "outs": sorted(stage.output_path(name) for name in stage.outputs),
        "metrics": [stage.metrics_path],
    }


def render(stages: Iterable[Stage]) -> str:
    """The text of dvc.yaml for these stages."""
    content = {"stages": {stage.name: stage_entry(stage) for stage in stages}}
    return HEADER + yaml.safe_dump(content, sort_keys=False, width=1000)


if __name__ == "__main__":
    print(render(STAGES), end="")
