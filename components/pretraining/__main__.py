"""Run a stage of this package by hand: `python -m components.pretraining pretrain`."""

from components.pretraining.stage import STAGES
from components.training.launching import main

main(STAGES)
