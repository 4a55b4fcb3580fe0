"""A GPT whose first weights are those of an earlier version."""

from pathlib import Path

from components.finetuning.settings import scratch_settings
from components.finetuning.stage import AlignConfig
from components.networks.encoder_sizes import KlipConfig
from components.networks.errors import BadModelConfig
from components.networks.gpt import TOKENIZER_FILE, Gpt, load_tokenizer
from components.networks.gpt_config import GptConfig
from components.networks.weights import load_config
from components.training.errors import OtherNetwork
from components.training.warm_start import WarmStart, first_difference, model_folder, take_over

KEY = "align.warm_start"
_STAGE_OF = {"vision": "pretrain", "language": "align", "tlm": "align", "image_size": "align"}


def from_version(config: AlignConfig, klip: Path, md5: str) -> Gpt:
    """The GPT of an earlier version with all of its weights, its tower too, and the tokenizer that they were taught by.

    Args:
        config: parameters of align; the network must be the one that they make.
        klip: folder of the KLIP of now, for the size of its tower alone: the earlier tower goes with what reads it.
        md5: of the earlier version's folder, as DVC has it.

    Raises:
        NoWarmStart: the folder is missing, changed, or no GPT from scratch.
        OtherNetwork: it is a GPT of other sizes.
    """
    asked = WarmStart(KEY, md5)
    with model_folder(asked) as folder:
        try:
            was, tokenizer = load_config(folder, GptConfig), load_tokenizer(folder / TOKENIZER_FILE)
        except BadModelConfig as error:
            raise asked.refuse(f"it is no GPT, its {error.path.name} {error.problem}") from error
        if was.base_model is not None:
            raise asked.refuse(f"it stands on the pretrained base {was.base_model}, and is no model from scratch")
        tokens = tokenizer.get_vocab_size()
        if tokens > config.vocabulary:
            values = (tokens, config.vocabulary)
            raise OtherNetwork(KEY, md5, f"its tokenizer has {tokens} tokens", "align.vocabulary", values)
        now = scratch_settings(config, load_config(klip, KlipConfig).vision)
        gpt = Gpt(now, tokenizer)
        take_over(gpt.network, folder, asked, first_difference(was, now, _STAGE_OF))
    return gpt
