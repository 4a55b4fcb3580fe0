"""Run `python -m components.annotation annotate` in a checkout."""

from components.annotation.stage import STAGES
from components.contract.entry import main

main(STAGES)
