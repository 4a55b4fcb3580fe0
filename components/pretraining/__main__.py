"""Run a stage of this package by hand: `python -m components.pretraining pretrain`."""

from components.contract.entry import main
from components.pretraining.stage import STAGES

main(STAGES)
