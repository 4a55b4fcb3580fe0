"""`python -m components.finetuning align` or `instruct`."""

from components.finetuning.stage import STAGES
from components.training.launching import main

main(STAGES)
