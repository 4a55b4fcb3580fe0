"""Words to ids and back: a word-level tokenizer over the closed vocabulary that captions are written in."""

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from components.networks.errors import BadModelConfig

TOKENIZER_FILE = "tokenizer.json"
PAD, UNKNOWN_WORD, START, MASK = SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[ENC]", "[MASK]")
PAD_ID, UNKNOWN_ID, START_ID, MASK_ID = range(len(SPECIAL_TOKENS))


class CaptionTokenizer:
    """Lower-case words, separated by spaces, as ids; the four special tokens come first."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @property
    def vocabulary_size(self) -> int:
        """Number of distinct ids."""
        return int(self._tokenizer.get_vocab_size())

    def word_ids(self, text: str) -> list[int]:
        """Ids of a text's words alone; an unknown word is UNKNOWN_ID."""
        return list(self._tokenizer.encode(text.lower(), add_special_tokens=False).ids)

    def words(self, ids: Sequence[int]) -> str:
        """The text of ids; padding and the other special tokens are left out."""
        return " ".join(str(self._tokenizer.id_to_token(index)) for index in ids if index >= len(SPECIAL_TOKENS))

    def batch(self, texts: Sequence[str], max_length: int) -> torch.Tensor:
        """Give texts as one batch for the text encoder.

        Args:
            texts: one or more captions.
            max_length: longest row; words beyond it are cut [token].

        Returns:
            int64, (B, L): [ENC], the words, then padding up to the longest text.
        """
        rows = [[START_ID, *self.word_ids(text)][:max_length] for text in texts]
        length = max(map(len, rows))
        return torch.tensor([row + [PAD_ID] * (length - len(row)) for row in rows], dtype=torch.int64)

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json`, which the tokenizers library reads."""
        (folder / TOKENIZER_FILE).write_text(self._tokenizer.to_str(pretty=True) + "\n", encoding="utf-8")


def build_tokenizer(words: Sequence[str]) -> CaptionTokenizer:
    """Give the tokenizer of a closed vocabulary: the same words give the same ids, in whatever order they come."""
    ordered = [*SPECIAL_TOKENS, *sorted({word.lower() for word in words})]
    vocabulary = {word: index for index, word in enumerate(ordered)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=UNKNOWN_WORD))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return CaptionTokenizer(tokenizer)


def load_tokenizer(folder: Path) -> CaptionTokenizer:
    """Read `tokenizer.json` of a model folder.

    Raises:
        BadModelConfig: the file is missing or damaged, or its special tokens are not where this model wants them.
    """
    path = folder / TOKENIZER_FILE
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises bare Exception for whatever it cannot parse
        raise BadModelConfig(path, f"is no tokenizer ({error})") from error
    if tuple(tokenizer.id_to_token(index) for index in range(len(SPECIAL_TOKENS))) != SPECIAL_TOKENS:
        raise BadModelConfig(path, f"does not open with the special tokens {', '.join(SPECIAL_TOKENS)}")
    return CaptionTokenizer(tokenizer)
