"""Run a stage of this package by hand: `python -m components.ingestion ingest`."""

from components.contract.entry import main
from components.ingestion.stage import STAGES

main(STAGES)
