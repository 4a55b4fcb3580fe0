"""Qwen's chat format as token rows: one chip, then any number of questions that do not see each other.

A row holds the chip and its sensor once (the opening), then each question with its answer as a branch: a branch attends
to the opening and to itself, and its positions go on where the opening ends. So a question has the same meaning alone
and beside others, and a chip's image is read once for all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
IMAGE, VIDEO = "<|image_pad|>", "<|video_pad|>"
SPECIALS = (PAD, START, END, VISION_START, VISION_END, IMAGE, VIDEO)
IGNORED = -100
MOST_KNOWN = 20_000
OPENING, PADDING = 0, -1


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Learn a byte-level BPE tokenizer with Qwen's special tokens; every text can be written, digits stay single.

    Args:
        texts: what the model shall read and write; the same texts in the same order give the same tokenizer.
        vocabulary: most tokens it may have, the 256 bytes and the special tokens included.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@dataclass(frozen=True)
class Row:
    """One chip with its questions as tokens.

    Attributes:
        ids: token of each place, (L,).
        branches: OPENING, or 1, 2, ... for the question that a place belongs to, (L,).
        labels: the token that a place shall predict; IGNORED on opening, questions and the last place, (L,).
        image_start: place of the first image token.
    """

    ids: torch.Tensor
    branches: torch.Tensor
    labels: torch.Tensor
    image_start: int


class Chat:
    """Turns questions and answers into token rows and tokens back into answers."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        # A question that spells a special token gets plain bytes, never the token itself.
        tokenizer.encode_special_tokens = True
        self._special = {token: tokenizer.token_to_id(token) or 0 for token in SPECIALS}

        self._known: dict[str, tuple[int, ...]] = {}
        self.end, self.pad = self._special[END], self._special[PAD]

    def special(self, token: str) -> int:
        """Number of a special token."""
        return self._special[token]

    def encode(self, text: str) -> tuple[int, ...]:
        """Tokens of a text without special ones; the same few wordings come again and again, so they are kept."""
        if text not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[text] = tuple(self.tokenizer.encode(text, add_special_tokens=False).ids)
        return self._known[text]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of an answer's tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()

    def row(
        self, sensor: str, image_tokens: int, questions: Sequence[str], answers: Sequence[str] | None = None
    ) -> Row:
        """Lay out one chip.

        Args:
            sensor: the words of `describe_sensor`.
            image_tokens: merged tokens of the chip.
            questions: each becomes a branch.
            answers: as many; None leaves each branch open for the model to go on.
        """
        start, end, newline = self.special(START), self.special(END), self.encode("\n")
        before = [start, *self.encode("user\n"), self.special(VISION_START)]
        image = [self.special(IMAGE)] * image_tokens
        ids = [*before, *image, self.special(VISION_END), *self.encode(f"{sensor}\n")]
        branches, labels = [OPENING] * len(ids), [IGNORED] * len(ids)
        turn = [end, *newline, start, *self.encode("assistant\n")]
        for number, question in enumerate(questions, start=1):
            asked = [*self.encode(question), *turn]
            answered = [] if answers is None else [*self.encode(answers[number - 1]), end]
            # The place before a token predicts it; the end token itself predicts nothing.
            ids += [*asked, *answered]
            branches += [number] * (len(asked) + len(answered))
            wanted = [*[IGNORED] * (len(asked) - 1), *answered, IGNORED]
            labels += wanted if answered else [IGNORED] * len(asked)
        return Row(torch.tensor(ids), torch.tensor(branches), torch.tensor(labels), len(before))


def describe_sensor(polarizations: Sequence[str], spacing_m: float | None) -> str:
    """What the model is told of the sensor: polarizations and ground sample distance to two digits, where known."""
    distance = "unknown" if spacing_m is None else f"{spacing_m:.2g} m"
    return f"SAR {'+'.join(polarizations)} {distance}"


def attention_mask(branches: torch.Tensor) -> torch.Tensor:
    """Say which place sees which: itself and earlier places of the opening and of its own branch.

    Args:
        branches: (B, L) of `Row.branches`, PADDING on padding.

    Returns:
        (B, 1, L, L) bool; a padding place sees itself alone, so that its softmax is defined.
    """
    length = branches.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool, device=branches.device).tril()
    same = branches[:, :, None] == branches[:, None, :]
    opening = (branches == OPENING)[:, None, :] & (branches != PADDING)[:, :, None]
    alone = torch.eye(length, dtype=torch.bool, device=branches.device)
    padding = (branches == PADDING)[:, :, None]
    return torch.where(padding, alone, earlier & (same | opening))[:, None]
