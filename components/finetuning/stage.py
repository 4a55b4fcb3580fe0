"""Fine-tuning of FUSAR-GPT: `align` learns to describe chips, `instruct` to answer questions about them."""

from pydantic import Field, model_validator

from components.contract.stage import Metrics, Paths, Stage, StageConfig
from components.networks.sizes import LanguageConfig, LoraSettings, Part, TlmConfig
from components.tasks.task_name import TaskName, unnamed_tasks
from components.training.warm_start import FOLDER_MD5


class TrainingConfig(StageConfig):
    """What both stages of fine-tuning share."""

    seed: int = Field(ge=0, le=2**31, description="Seed of initial weights, order of chips and dropped AlphaEarth.")
    threads: int = Field(ge=1, le=256, description="CPU threads of the training process.")
    trained: tuple[Part, ...] = Field(
        min_length=1,
        description="Parts that learn; from scratch vision, tlm, language; on a pretrained base tlm, lora.",
    )
    steps: int = Field(ge=1, description="Steps of the optimiser.")
    checkpoint_every: int = Field(ge=1, description="Steps between two checkpoints: what a kill costs at most.")
    batch_chips: int = Field(ge=1, le=4096, description="Chips of one step.")
    learning_rate: float = Field(gt=0, lt=1, description="Highest learning rate of AdamW.")
    warmup_share: float = Field(ge=0, lt=1, description="Share of the steps in which the learning rate rises [1].")
    weight_decay: float = Field(ge=0, lt=1, description="Weight decay of AdamW on matrices.")
    clip_norm: float = Field(gt=0, description="Greatest norm of the gradient.")
    alphaearth_missing: float = Field(
        ge=0, le=1, description="Share of training chips whose AlphaEarth is left out [1]: the model must live without."
    )
    mirrored: bool = Field(description="Mirror chips, AlphaEarth, labels and words at random: four views of a chip.")
    target_repeats: int = Field(
        ge=1, le=64, description="Times that a chip of the ship or aircraft family stands in one epoch; others once."
    )
    max_tokens: int = Field(ge=32, description="Most tokens of a chip with its questions; more is an error, never cut.")
    validate_every: int = Field(ge=1, description="Steps between two measurements of the validation loss.")
    validation_chips: int = Field(
        ge=1, description="Chips that the validation loss is taken over: of val; in align, of train places held out."
    )


class AlignConfig(TrainingConfig):
    """Stage 1, knowledge injection: descriptions."""

    warm_start: str | None = Field(
        pattern=FOLDER_MD5,
        description="Md5 (`....dir`) of the GPT folder of an earlier version whose weights go on being trained; "
        "null = train anew. From scratch only.",
    )
    base_model: str | None = Field(
        description="Pretrained Qwen2.5-VL: a local folder or hub id; null = a small one from scratch on KLIP's tower."
    )
    base_revision: str | None = Field(description="Commit or branch of a hub id; null = newest, or not from the hub.")
    image_size: int | None = Field(
        ge=28, le=2048, description="Side that chips are resampled to [pixel]; null = their own size."
    )
    lora: LoraSettings | None = Field(
        description="Adapters on a pretrained base's language model; null = from scratch."
    )
    language: LanguageConfig | None = Field(
        description="Language model from scratch; null = the pretrained base's own."
    )
    tlm: TlmConfig = Field(description="AlphaEarth modulation.")
    vocabulary: int = Field(ge=300, le=65536, description="Most tokens of the tokenizer of a model from scratch.")

    @model_validator(mode="after")
    def _is_one_kind(self) -> "AlignConfig":
        if (self.language is None) != (self.lora is not None) or (self.base_model is None) != (self.lora is None):
            raise ValueError("give either language (from scratch), or base_model and lora (pretrained)")
        return self

    @model_validator(mode="after")
    def _starts_warm_from_scratch_only(self) -> "AlignConfig":
        if self.warm_start is not None and self.base_model is not None:
            raise ValueError("warm_start is for models from scratch (base_model: null); set warm_start to null")
        return self


class InstructConfig(TrainingConfig):
    """Stage 2, task execution: questions and answers."""

    questions_per_chip: int = Field(ge=1, le=64, description="Most questions about one chip in one epoch.")
    task_weights: dict[TaskName, float] = Field(
        description="How likely a task's question is drawn, relative to the others [1]; every task, 0 = never."
    )

    @model_validator(mode="after")
    def _names_every_task(self) -> "InstructConfig":
        missing = unnamed_tasks(self.task_weights)
        if missing or min(self.task_weights.values()) < 0:
            raise ValueError(f"task_weights must give every task a weight of 0 or more; missing: {missing}")
        return self


def run_align(config: AlignConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Teach the GPT to describe chips by the corrected captions; write the model folder and its losses."""
    from components.finetuning.align import align

    return align(config, inputs, outputs)


def run_instruct(config: InstructConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Teach the aligned GPT the tasks by the chips' labels; write the model folder and its losses."""
    from components.finetuning.instruct import instruct

    return instruct(config, inputs, outputs)


_CHIPS, _CORPUS = "outputs/ingest/chips", "outputs/pretrain/corpus.parquet"
STAGES = (
    Stage(
        "align",
        AlignConfig,
        run_align,
        inputs={"chips": _CHIPS, "klip": "outputs/pretrain/klip", "corpus": _CORPUS},
        outputs=("gpt", "curve.parquet"),
        pool="gpu",
    ),
    Stage(
        "instruct",
        InstructConfig,
        run_instruct,
        inputs={"chips": _CHIPS, "corpus": _CORPUS, "gpt": "outputs/align/gpt"},
        outputs=("gpt", "curve.parquet"),
        pool="gpu",
    ),
)
