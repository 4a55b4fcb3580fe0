"""Run `python -m components.validation check_chips` (or check_annotations) in a checkout."""

from components.contract.entry import main
from components.validation.stage import STAGES

main(STAGES)
