"""Captions as coded clauses with known token offsets: masked, dropped, swapped and refilled without parsing text.

Legend of shape suffixes: N captions, K clauses of a caption, W words of a value, L tokens, F families, C candidates.
"""
# ruff: noqa: N803, N806 (shape suffixes are capitals)

from dataclasses import dataclass

import torch

from components.networks.tokenizer import MASK_ID, PAD_ID, START_ID, CaptionTokenizer
from components.records.families import CLAUSE_END, FAMILIES, Family, Field

ABSENT = -1
CLAUSES = max(len(family.fields) for family in FAMILIES)


@dataclass(frozen=True)
class Captions:
    """Captions by code.

    Attributes:
        family: (N,) index into records.families.FAMILIES, int64.
        values: (N, K) index of each clause's value in its field's closed list, int64; ABSENT where there is no clause.
    """

    family: torch.Tensor
    values: torch.Tensor

    def __len__(self) -> int:
        return len(self.family)

    def take(self, rows: torch.Tensor) -> "Captions":
        """The captions of these rows, (M,) int64, in this order."""
        return Captions(self.family[rows], self.values[rows])

    def with_values(self, clause_N: torch.Tensor, value_N: torch.Tensor) -> "Captions":
        """The same captions with one clause each set to another value, or dropped where `value_N` is ABSENT."""
        return Captions(self.family, self.values.scatter(1, clause_N[:, None], value_N[:, None]))

    def equal(self) -> torch.Tensor:
        """True where two captions of the batch say the same, (N, N) bool."""
        codes = torch.cat([self.family[:, None], self.values], dim=1)
        return (codes[:, None] == codes[None]).all(dim=-1)


class CaptionTable:
    """The closed lists of all families as tensors, and captions as token ids laid out by them.

    Every caption of a family has one layout: a value takes as many columns as the longest value of its field, and what
    a shorter value leaves is padding inside the row, which the text encoder skips. So a row says the same as its text,
    and a masked value does not tell its length: all its columns are masked, and the padding is to be predicted too.
    """

    def __init__(self, tokenizer: CaptionTokenizer) -> None:
        fields = [field for family in FAMILIES for field in family.fields]
        longest = max(len(words.split()) for field in fields for words in field.values.values())
        choices = max(len(field.values) for field in fields)
        shape = (len(FAMILIES), CLAUSES)
        self.candidates_FKCW = torch.full((*shape, choices, longest), PAD_ID)
        self.is_candidate_FKC = torch.zeros((*shape, choices), dtype=torch.bool)
        layouts = [_layout(family, tokenizer) for family in FAMILIES]
        self.length = max(len(ids) for ids, _, _ in layouts)
        # One column more than the longest caption: what no value fills is written there and cut off.
        self._template_FL = torch.full((len(FAMILIES), self.length + 1), PAD_ID)
        self._clause_FL = torch.full((len(FAMILIES), self.length + 1), CLAUSES)
        self.columns_FKW = torch.full((*shape, longest), self.length)
        for f, (ids, clause, columns) in enumerate(layouts):
            self._template_FL[f, : len(ids)] = torch.tensor(ids)
            self._clause_FL[f, : len(ids)] = torch.tensor(clause)
            for k, field in enumerate(FAMILIES[f].fields):
                self.columns_FKW[f, k, : len(columns[k])] = torch.tensor(columns[k])
                for c, words in enumerate(field.values.values()):
                    value = tokenizer.word_ids(words)
                    self.candidates_FKCW[f, k, c, : len(value)] = torch.tensor(value)
                    self.is_candidate_FKC[f, k, c] = True

    def ids(self, captions: Captions, masked_NK: torch.Tensor | None = None) -> torch.Tensor:
        """Lay captions out as token ids.

        Args:
            captions: N captions.
            masked_NK: True where a clause's whole value is to be [MASK]; None masks nothing.

        Returns:
            int64, (N, L), padding inside and after the text.
        """
        family = captions.family
        columns_NKW = self.columns_FKW[family]
        words_NKW = self.values(captions)
        if masked_NK is not None:
            words_NKW = torch.where(masked_NK[..., None], MASK_ID, words_NKW)
        rows = self._template_FL[family].scatter(1, columns_NKW.flatten(1), words_NKW.flatten(1))
        # The extra last entry of `present` stands for columns of no clause ([ENC]), which always stay.
        present = torch.cat([captions.values != ABSENT, torch.ones_like(family, dtype=torch.bool)[:, None]], dim=1)
        rows = torch.where(present.gather(1, self._clause_FL[family]), rows, PAD_ID)
        return rows[:, : self.length]

    def values(self, captions: Captions) -> torch.Tensor:
        """Word ids of each clause's value, (N, K, W) int64; padding after a short value and for an absent clause."""
        rows = torch.arange(CLAUSES)
        words = self.candidates_FKCW[captions.family[:, None], rows[None], captions.values.clamp(min=0)]
        return torch.where((captions.values != ABSENT)[..., None], words, PAD_ID)


def field_at(family: int, clause: int) -> Field:
    """The field of a family's clause, both by index."""
    return FAMILIES[family].fields[clause]


def _layout(family: Family, tokenizer: CaptionTokenizer) -> tuple[list[int], list[int], list[list[int]]]:
    """Ids with padding where values go, the clause that each column belongs to, and each clause's value columns."""
    ids, clause_of_column, value_columns = [START_ID], [CLAUSES], []
    for k, field in enumerate(family.fields):
        lead_in, end = tokenizer.word_ids(field.lead_in), tokenizer.word_ids(CLAUSE_END)
        width = max(len(tokenizer.word_ids(words)) for words in field.values.values())
        start = len(ids) + len(lead_in)
        value_columns.append(list(range(start, start + width)))
        ids += [*lead_in, *[PAD_ID] * width, *end]
        clause_of_column += [k] * (len(lead_in) + width + len(end))
    return ids, clause_of_column, value_columns
