"""The stage pretrain: KLIP from chips and their captions, and the captions as SCIO leaves them."""

import os
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_validator

from components.contract.stage import Metrics, Paths, Stage, StageConfig
from components.networks.encoder_sizes import TextConfig, VisionConfig
from components.records.families import FAMILIES, vocabulary
from components.training.warm_start import FOLDER_MD5

if TYPE_CHECKING:
    from components.networks.klip import Klip

# A loss jumps from batch to batch; the metric is the mean of so many last steps.
LAST_STEPS = 20
LOSSES = ("itc", "itm", "mlm")
# What a checkpoint belongs to: an unfinished training of other code is not gone on with.
CODE = tuple(
    f"components.{name}" for name in ("contract", "memo", "networks", "pretraining", "records", "scores", "training")
)


class Judges(BaseModel):
    """Weights of what a suspicion is the sum of; a judge of weight 0 is not asked.

    At the laptop's size masked words judge a single clause far better than the whole-caption judges (AUROC .94 against
    .58 for contrast on the simulated chips), so they stand alone there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mlm: float = Field(ge=0, description="Weight of the masked words: margin of the best other value [1/nat].")
    itc: float = Field(ge=0, description="Weight of the gain in cosine without the clause, scaled by field [1].")
    itm: float = Field(ge=0, description="Weight of the gain in matching probability without it, scaled by field [1].")


class ScioConfig(BaseModel):
    """How wrong clauses are found and rewritten."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    judges: Judges = Field(description="Weights of what a suspicion is the sum of.")
    least_suspicion: float = Field(description="A clause below it is never a suspect: nats where only `mlm` judges.")
    gate_margin: float = Field(ge=0, description="Least margin of the best other value over the present one [nat].")
    gate_margin_of_field: dict[str, float] = Field(description="The same for fields by name, where it differs [nat].")
    least_itc_gain: float | None = Field(description="Least gain in cosine by the rewrite; null = not asked.")
    least_itm_gain: float | None = Field(description="Least gain in matching probability; null = not asked.")
    rounds: int = Field(ge=1, le=8, description="Most rewrites of one caption, one a round.")
    protected_fields: tuple[str, ...] = Field(description="Fields never rewritten: their values are measured truths.")

    @model_validator(mode="after")
    def _names_fields(self) -> "ScioConfig":
        known = {field.name for family in FAMILIES for field in family.fields}
        if unknown := {*self.gate_margin_of_field, *self.protected_fields} - known:
            raise ValueError(f"no family has the fields {sorted(unknown)}; the fields are {sorted(known)}")
        return self


class TrainingConfig(BaseModel):
    """How KLIP is trained."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(ge=3, multiple_of=3, description="Steps of the optimiser, a third in each phase.")
    batch_size: int = Field(ge=2, le=65536, description="Chips of a step.")
    learning_rate: float = Field(gt=0, le=1, description="Highest learning rate, at the end of the warm-up.")
    warmup_steps: int = Field(ge=0, description="Steps in which the learning rate rises; then it falls as a cosine.")
    weight_decay: float = Field(ge=0, le=1, description="Decoupled weight decay of AdamW on matrices.")
    gradient_norm: float = Field(gt=0, description="Gradients are scaled down to this norm.")
    matching_pairs: int = Field(ge=1, description="Pairs of a step that matching learns from, four rows each.")
    mask_share: float = Field(gt=0, le=1, description="Chance that a clause's value is masked for filling [1].")
    screen_every: int = Field(ge=1, description="Steps between two screenings of the corpus in phases two and three.")
    checkpoint_every: int = Field(ge=1, description="Steps between two checkpoints: what a kill costs at most.")


class PretrainingConfig(StageConfig):
    """Parameters of KLIP's pretraining."""

    seed: int = Field(ge=0, le=2**31, description="Seed of initial weights, batches, masks and negatives.")
    threads: int = Field(ge=1, le=256, description="Threads of a CPU; part of what fixes the bytes of the weights.")
    warm_start: str | None = Field(
        pattern=FOLDER_MD5,
        description="Md5 (`....dir`) of the KLIP folder of an earlier version to start from; null = train anew.",
    )
    vision: VisionConfig = Field(description="Size of the vision tower, which the GPT starts from.")
    text: TextConfig = Field(description="Size of the text encoder and its fusion with the image.")
    training: TrainingConfig = Field(description="Steps, batches and rates.")
    scio: ScioConfig = Field(description="How wrong clauses are found and rewritten.")

    @model_validator(mode="after")
    def _heads_divide_widths(self) -> "PretrainingConfig":
        if self.vision.width % (4 * self.vision.heads):
            raise ValueError(f"vision.width {self.vision.width} is no multiple of 4 * vision.heads")
        if self.vision.out_width % self.text.heads:
            raise ValueError(f"vision.out_width {self.vision.out_width} is no multiple of text.heads")
        if max(self.vision.full_attention_blocks, default=0) >= self.vision.depth:
            raise ValueError(f"vision.full_attention_blocks names a block beyond vision.depth {self.vision.depth}")
        return self


def run_pretrain(config: PretrainingConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Train KLIP in three phases; write its folder, the corrected captions of the train split, and the curve."""
    from components.networks.klip import save_klip
    from components.pretraining.captions import CaptionTable
    from components.pretraining.corpus import corpus_metrics, corpus_rows
    from components.pretraining.retrieval import retrieval_metrics
    from components.pretraining.samples import read_samples, refuse_failed_checks
    from components.pretraining.training import Trainer
    from components.pretraining.warm_start import start_warm
    from components.records.schemas import CORPUS, CURVE
    from components.records.tables import write_table
    from components.training.checkpoints import checkpoints_of
    from components.training.resuming import resumable

    refuse_failed_checks(inputs["verdicts"])
    train, val = (read_samples(inputs["chips"], inputs["annotations"], split) for split in ("train", "val"))
    klip = make_klip(config)
    if config.warm_start is not None:
        start_warm(klip, config.warm_start)
    table = CaptionTable(klip.tokenizer)
    trainer = Trainer(klip, train, table, config)
    checkpoints = checkpoints_of("pretrain", config, inputs, CODE)
    with resumable(trainer, checkpoints, config.training.checkpoint_every) as guard:
        trainer.run(guard)
        klip.eval()
        repaired = trainer.proofreader.repair(config.scio.rounds, guard)
    if not trainer.processes.is_first:
        return {}
    save_klip(klip, outputs["klip"])
    write_table(corpus_rows(train, repaired, config.scio), CORPUS, outputs["corpus.parquet"])
    write_table(trainer.curve.rows, CURVE, outputs["curve.parquet"])
    checkpoints.clear()
    losses = {f"loss_{name}": trainer.curve.last(name, LAST_STEPS) for name in LOSSES}
    return {**losses, **retrieval_metrics(klip, val, table, "val"), **corpus_metrics(train, repaired)}


def make_klip(config: PretrainingConfig) -> "Klip":
    """A network with its first weights, on the GPU where there is one; sets the process's threads and determinism."""
    import torch

    # cuBLAS adds up in a fixed order only with a workspace of fixed size; read when the GPU is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    from components.networks.encoder_sizes import KlipConfig
    from components.networks.klip import Klip
    from components.networks.tokenizer import build_tokenizer

    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(config.seed)
    tokenizer = build_tokenizer(vocabulary())
    size = KlipConfig(vision=config.vision, text=config.text, vocabulary_size=tokenizer.vocabulary_size)
    return Klip(size, tokenizer).to("cuda" if torch.cuda.is_available() else "cpu")


STAGES = (
    Stage(
        "pretrain",
        PretrainingConfig,
        run_pretrain,
        inputs={
            "chips": "outputs/ingest/chips",
            "annotations": "outputs/annotate/annotations",
            "verdicts": "outputs/check_annotations/verdicts.parquet",
        },
        outputs=("klip", "corpus.parquet", "curve.parquet"),
        pool="gpu",
    ),
)
