"""Stage 2: the aligned GPT learns the tasks from the chips' labels."""

from components.contract.stage import Metrics, Paths
from components.finetuning.align import learn, refuse_unsuited
from components.finetuning.batches import Lesson
from components.finetuning.conversations import ask_tasks
from components.finetuning.samples import read_captions, read_samples
from components.finetuning.stage import InstructConfig
from components.finetuning.training import be_deterministic
from components.networks.gpt import load_gpt


def instruct(config: InstructConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Run stage 2; see `stage.run_instruct`."""
    be_deterministic(config.seed, config.threads)
    gpt = load_gpt(inputs["gpt"])
    refuse_unsuited("instruct", config, is_scratch=gpt.config.base_model is None)
    captions = read_captions(inputs["corpus"])
    samples, val = (read_samples(inputs["chips"], captions, split) for split in ("train", "val"))
    lesson = Lesson("instruct", (samples, ask_tasks(config)), (val, ask_tasks(config)))
    return learn(gpt, lesson, config, inputs, outputs)
