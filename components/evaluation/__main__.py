"""Run `python -m components.evaluation evaluate` in a checkout."""

from components.contract.entry import main
from components.evaluation.stage import STAGES

main(STAGES)
