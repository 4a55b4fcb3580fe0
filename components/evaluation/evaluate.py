"""The evaluation of one pair of models: retrieval and proofreading of FUSAR-KLIP, the tasks of FUSAR-GPT."""

import torch

from components.contract.stage import Metrics, Paths
from components.evaluation.asking import ask
from components.evaluation.baselines import Baselines, training_questions
from components.evaluation.chips import Caption, EvaluatedChip, Selection, read_captions, read_chips, read_truths
from components.evaluation.errors import NothingToEvaluate
from components.evaluation.judging import Judge, confusions, rows_of
from components.evaluation.proofreading import proofread, read_clauses
from components.evaluation.report import Report
from components.evaluation.retrieval import retrieve
from components.evaluation.stage import EvaluationConfig
from components.networks.gpt import load_gpt
from components.networks.klip import load_klip
from components.records.schemas import ITEMS
from components.records.tables import write_table
from components.scores.bootstrap import Resampling


def evaluate(config: EvaluationConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Run the stage; see `stage.run_evaluate`.

    Raises:
        NothingToEvaluate: no chip lies in the split.
    """
    torch.set_num_threads(config.threads)
    chips = _evaluated(config, inputs)
    usual = read_captions(inputs["annotations"], "train")
    resampling = Resampling(config.bootstrap_draws, config.seed)
    klip, _ = load_klip(inputs["klip"])
    klip.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    retrieved, retrieval_rows = retrieve(
        klip, chips, [caption.text for caption in usual.values()], config.recall_at, resampling
    )
    clauses = read_clauses(inputs["corpus"], inputs["injected"], inputs["chips"])
    proofread_metrics, clause_rows = proofread(clauses, resampling)
    items = ask(load_gpt(inputs["gpt"]), chips, config)
    baselines = _baselines(config, inputs, usual)
    answered = Judge(baselines, resampling, config.chance_draws).metrics(items)
    report = Report(
        split=config.split,
        chips=len(chips),
        is_simulated=any(chip.is_simulated for chip in chips),
        has_real=not all(chip.is_simulated for chip in chips),
        metrics=[*retrieved, *proofread_metrics, *answered],
        confusions=confusions(items),
    )
    write_table([*retrieval_rows, *clause_rows, *rows_of(items, baselines)], ITEMS, outputs["items.parquet"])
    report.write(outputs["report.json"])
    return report.flat()


def _evaluated(config: EvaluationConfig, inputs: Paths) -> list[EvaluatedChip]:
    captions = read_captions(inputs["annotations"], config.split)
    chips = read_chips(inputs["chips"], captions, Selection(config.split, config.max_chips, config.seed))
    if not chips:
        raise NothingToEvaluate(str(inputs["chips"]), config.split)
    return chips


def _baselines(config: EvaluationConfig, inputs: Paths, captions: dict[str, Caption]) -> Baselines:
    selection = Selection("train", config.baseline_chips, config.seed)
    return Baselines(training_questions(read_truths(inputs["chips"], captions, selection), config.seed))
