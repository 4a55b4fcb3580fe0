"""KLIP's first weights out of an earlier version."""

from components.networks.encoder_sizes import KlipConfig
from components.networks.errors import BadModelConfig
from components.networks.klip import Klip
from components.networks.tokenizer import load_tokenizer
from components.networks.weights import load_config
from components.records.families import vocabulary
from components.training.warm_start import WarmStart, first_difference, model_folder, take_over

KEY = "pretrain.warm_start"
_STAGE_OF = {"vision": "pretrain", "text": "pretrain"}


def start_warm(klip: Klip, md5: str) -> None:
    """Give a network the weights of an earlier version's KLIP folder.

    Args:
        klip: as the parameters make it, on its device.
        md5: of the folder, as DVC has it.

    Raises:
        NoWarmStart: the folder is missing, changed, no KLIP, or speaks another language of captions.
        OtherNetwork: it is a KLIP of other sizes.
    """
    asked = WarmStart(KEY, md5)
    with model_folder(asked) as folder:
        try:
            was, tokenizer = load_config(folder, KlipConfig), load_tokenizer(folder)
        except BadModelConfig as error:
            raise asked.refuse(f"it is no KLIP, its {error.path.name} {error.problem}") from error
        others = [word for word in vocabulary() if tokenizer.word_ids(word) != klip.tokenizer.word_ids(word)]
        if others or was.vocabulary_size != klip.config.vocabulary_size:
            raise asked.refuse("its captions are of other words than those of this commit")
        take_over(klip, folder, asked, first_difference(was, klip.config, _STAGE_OF))
