"""`python -m components.finetuning align` or `instruct`."""

from components.contract.entry import main
from components.finetuning.stage import STAGES

main(STAGES)
