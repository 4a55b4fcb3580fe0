"""`python -m components.registry register|consider|reconcile ...`: each prints one line of JSON.

The first two are steps of the retrain flow; the last finishes what kills and lost events have left open.
"""

import argparse
import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.contract.errors import FusarError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m components.registry", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    register = steps.add_parser("register", help="make versions of a finished checkout's models")
    register.add_argument("--checkout", type=Path, required=True, help="worktree with dvc.lock and outputs")
    register.add_argument("--root", type=Path, required=True, help="main working tree")
    register.add_argument("--commit", required=True, help="full id of the checkout's commit")
    register.add_argument("--profile", required=True, help="parameter set in the checkout's params.yaml")
    register.add_argument("--flow-run-id", required=True, help="of Prefect")
    register.add_argument("--mlflow-run-id", required=True, help="of the retrain's parent run")
    consider = steps.add_parser("consider", help="hold versions against promotion.yaml: champion or challenger")
    consider.add_argument("--root", type=Path, required=True, help="main working tree")
    consider.add_argument("versions", nargs="+", metavar="MODEL/VERSION")
    reconcile = steps.add_parser("reconcile", help="finish what kills and lost events have left open")
    reconcile.add_argument("--root", type=Path, required=True, help="main working tree")
    return parser


def _register(arguments: argparse.Namespace) -> dict[str, Any]:
    from components.registry.registration import Finished, register
    from components.revisions.checkout import Checkout

    checkout = Checkout(arguments.checkout.resolve(), arguments.commit, arguments.profile)
    finished = Finished(checkout, arguments.root.resolve(), arguments.flow_run_id, arguments.mlflow_run_id)
    return {"versions": [asdict(version) for version in register(finished)]}


def _consider(arguments: argparse.Namespace) -> dict[str, Any]:
    from components.registry.promotion import Promoter
    from components.revisions.home import Home

    promoter = Promoter(Home(arguments.root.resolve()))
    asked = [text.partition("/") for text in arguments.versions]
    return {"verdicts": [promoter.consider(model, version).as_dict() for model, _, version in asked]}


def _reconcile(arguments: argparse.Namespace) -> dict[str, Any]:
    from components.registry.candidacy import judge_again, unanswered
    from components.registry.reconciling import reconcile
    from components.revisions.home import Home

    home = Home(arguments.root.resolve())
    steps = reconcile(home)
    verdicts = [judge_again(home, approval.model, approval.version).as_dict() for approval in unanswered(home)]
    return {
        "mended": [str(step) for step in steps if step.is_mended],
        "open": [str(step) for step in steps if not step.is_mended],
        "verdicts": verdicts,
    }


def main() -> None:
    """Run one step; exit 1 on a refusal, 2 on misuse."""
    arguments = _parser().parse_args()
    step = {"register": _register, "consider": _consider, "reconcile": _reconcile}[arguments.step]
    try:
        with contextlib.redirect_stdout(sys.stderr):  # libraries print; stdout is for the answer alone
            answer = step(arguments)
    except Exception as error:
        from components.tracking.refusals import refusal

        told = refusal(error) or (error if isinstance(error, FusarError) else None)
        if told is None:
            raise
        print(f"error: {told}", file=sys.stderr)
        raise SystemExit(1) from error
    print(json.dumps(answer, sort_keys=True, default=str))


if __name__ == "__main__":
    main()
