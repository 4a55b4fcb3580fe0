import pytest
import torch

from components.networks.tokenizer import MASK_ID, PAD_ID, build_tokenizer
from components.pretraining.captions import ABSENT, CLAUSES, Captions
from components.pretraining.losses import IGNORED, choose_masks, masked_labels, swap_one_clause
from components.pretraining.retrieval import caption_texts
from components.records.families import FAMILIES, vocabulary


@pytest.fixture
def captions() -> Captions:
    """One caption of each family; that of the ship family lacks its third clause."""
    values = torch.stack([torch.arange(CLAUSES) % 3, torch.arange(CLAUSES) % 2, torch.arange(CLAUSES) % 3])
    values[1, 2] = ABSENT
    return Captions(torch.arange(3), values)


def clause_masked(captions: Captions, n: int, k: int) -> torch.Tensor:
    masked = torch.zeros_like(captions.values, dtype=torch.bool)
    masked[n, k] = True
    return masked


def test_a_row_of_ids_says_exactly_the_text_of_its_clauses(captions, table):
    tokenizer = build_tokenizer(vocabulary())
    for row, text in zip(table.ids(captions), caption_texts(captions), strict=True):
        assert tokenizer.words(row.tolist()) == text


def test_an_absent_clause_takes_its_lead_in_and_its_end_with_it(captions, table):
    (_, text, _) = caption_texts(captions)
    assert FAMILIES[1].fields[2].lead_in not in text and text.count("$") == CLAUSES - 1


@pytest.mark.parametrize("n", range(3))
@pytest.mark.parametrize("k", range(CLAUSES))
def test_a_mask_changes_the_value_span_and_nothing_else(captions, table, n, k):
    masked = clause_masked(captions, n, k)
    before, after = table.ids(captions), table.ids(captions, masked)
    labels = masked_labels(captions, masked, table)
    changed = (after == MASK_ID).nonzero().tolist()
    if captions.values[n, k] == ABSENT:
        assert changed == [] and torch.equal(before, after) and bool((labels == IGNORED).all())
        return
    columns = [column for column in table.columns_FKW[n, k].tolist() if column < table.length]
    assert changed == [[n, column] for column in columns]
    assert torch.equal(before[after != MASK_ID], after[after != MASK_ID])
    assert labels[n, columns].tolist() == before[n, columns].tolist()
    assert torch.count_nonzero(labels != IGNORED) == len(columns)


def test_a_masked_value_does_not_tell_how_many_words_it_has(captions, table):
    k, field = next((k, field) for k, field in enumerate(FAMILIES[1].fields) if field.name == "Location")
    rows = []
    for code in ("none", "upper_left"):
        value = torch.full((3,), list(field.values).index(code))
        said = captions.with_values(torch.full((3,), k), value)
        rows.append(table.ids(said, clause_masked(said, 1, k))[1])
    assert torch.equal(rows[0], rows[1])


def test_masks_are_on_clauses_that_are_there_and_every_caption_has_one(captions):
    generator = torch.Generator().manual_seed(0)
    many = captions.take(torch.tensor([0, 1, 2]).repeat(200))
    masked = choose_masks(many, 0.3, generator)
    assert not bool((masked & (many.values == ABSENT)).any()) and bool(masked.any(dim=1).all())
    assert float(masked.float().mean()) == pytest.approx(0.3, abs=0.03)


def test_a_swapped_caption_differs_in_one_clause_by_a_value_that_others_have(captions, table):
    generator = torch.Generator().manual_seed(0)
    shares = torch.zeros(table.is_candidate_FKC.shape)
    shares[:, :, :3] = 1.0
    many = captions.take(torch.tensor([0, 1, 2]).repeat(100))
    swapped = swap_one_clause(many, shares, generator)
    differs = swapped.values != many.values
    assert differs.sum(dim=1).tolist() == [1] * 300
    assert not bool((differs & (many.values == ABSENT)).any()) and int(swapped.values.max()) <= 2


def test_captions_are_equal_only_when_family_and_every_value_are():
    captions = Captions(torch.tensor([0, 0, 1, 0]), torch.tensor([[1] * 8, [1] * 8, [1] * 8, [1] * 7 + [2]]))
    expected = torch.eye(4, dtype=torch.bool)
    expected[0, 1] = expected[1, 0] = True
    assert torch.equal(captions.equal(), expected)


def test_padding_is_never_a_label_of_an_unmasked_place(captions, table):
    nothing = torch.zeros_like(captions.values, dtype=torch.bool)
    assert bool((masked_labels(captions, nothing, table) == IGNORED).all())
    assert PAD_ID in table.ids(captions)
