import dataclasses
import pickle

import numpy as np
import pytest
import torch

from components.pretraining import errors
from components.pretraining.captions import ABSENT, Captions, CaptionTable
from components.pretraining.corpus import STATUSES, corpus_rows
from components.pretraining.repair import Proofreader, without_suspects
from components.pretraining.screening import Evidence, measure_scale
from components.pretraining.stage import Judges, ScioConfig
from components.pretraining.training import PHASES, Trainer, phase_at
from components.records.families import SHIP

CHIPS, WRONG_SHARE = 240, 0.1


@pytest.fixture(scope="module")
def trained(sea):
    """A network that read captions of which a tenth holds one wrong clause, and which clauses those are."""
    clean = sea.samples(CHIPS, seed=1)
    rng = np.random.default_rng(2)
    values, wrong = clean.captions.values.clone(), torch.zeros(CHIPS, 8, dtype=torch.bool)
    for n in range(0, CHIPS, round(1 / WRONG_SHARE)):
        k = int(rng.choice([2, 6, 7]))  # Feature, Region, Environment: visible at once
        others = sorted(set(clean.captions.values[:, k].tolist()) - {int(values[n, k])})
        values[n, k], wrong[n, k] = int(rng.choice(others)), True
    dirty = clean.take(torch.arange(CHIPS), Captions(clean.captions.family, values))
    config = sea.config(steps=120, batch_size=24, matching_pairs=4, screen_every=1000)
    torch.set_num_threads(1)
    klip = sea.klip(config)
    trainer = Trainer(klip, dirty, CaptionTable(klip.tokenizer), config)
    trainer.run()
    klip.eval()
    return trainer, clean, wrong


def proofreader(trainer: Trainer, **changes) -> Proofreader:
    scio = ScioConfig.model_validate(trainer.proofreader.scio.model_dump() | changes)
    return Proofreader(trainer.klip, trainer.samples, trainer.table, scio)


def test_each_phase_is_a_third_of_the_steps():
    assert [phase_at(step, 9) for step in range(9)] == [name for name in PHASES for _ in range(3)]


def test_the_curve_names_the_phase_of_every_step(trained):
    trainer, _, _ = trained
    rows = [row for row in trainer.curve.rows if row["name"] == "mlm"]
    assert [row["phase"] for row in rows] == [phase_at(step, 120) for step in range(120)]
    assert trainer.curve.last("mlm", 10) < 0.5 * rows[0]["value"]


def test_the_wrong_clauses_are_the_suspicious_ones(trained):
    trainer, _, wrong = trained
    suspicion = trainer.proofreader.repair(0).suspicion
    beaten = (suspicion[wrong][:, None] > suspicion[~wrong][None]).float().mean()
    assert float(beaten) > 0.9


def test_repair_restores_wrong_clauses_and_leaves_right_ones_alone(trained):
    trainer, clean, wrong = trained
    repaired = proofreader(trainer, gate_margin=1.0, least_suspicion=0.5).repair(2)
    restored = (repaired.captions.values == clean.captions.values) & wrong
    harmed = (repaired.captions.values != trainer.samples.captions.values) & ~wrong
    assert int(restored.sum()) > 0.3 * int(wrong.sum()) and float(harmed.float().sum() / (~wrong).sum()) < 0.01


def test_a_gate_that_nothing_passes_keeps_every_caption(trained):
    trainer, _, _ = trained
    for strict in ({"gate_margin": 1e6}, {"least_itc_gain": 2.0}, {"least_itm_gain": 1.0}):
        repaired = proofreader(trainer, least_suspicion=0.5, **strict).repair(3)
        assert torch.equal(repaired.captions.values, trainer.samples.captions.values)
        assert int(repaired.rejected.sum()) == int((repaired.suspect != ABSENT).sum()) > 0


def test_a_field_may_have_a_gate_of_its_own(trained):
    trainer, _, _ = trained
    repaired = proofreader(
        trainer, gate_margin=1.0, least_suspicion=0.5, gate_margin_of_field={"Environment": 1e6}
    ).repair(1)
    assert int(repaired.rewritten_in.sum()) > 0 and int(repaired.rewritten_in[:, 7].sum()) == 0


def test_a_protected_field_is_never_doubted(trained):
    trainer, _, _ = trained
    guarded = proofreader(trainer, protected_fields=("Environment",))
    repaired = guarded.repair(1)
    assert 7 not in repaired.suspect.tolist()
    rows = corpus_rows(trainer.samples, repaired, guarded.scio)
    assert {row["status"] for row in rows if row["field"] == "Environment"} == {"protected"}


def test_a_value_that_most_of_its_captions_would_lose_is_unlearned_not_wrong(table):
    captions = Captions(torch.ones(60, dtype=torch.int64), torch.zeros(60, 8, dtype=torch.int64))
    captions.values[40:, 0] = 1
    captions.values[55:, 0] = 2  # five captions: too few to tell an unlearned value from a wrong one
    other, present = torch.zeros(60, 8), torch.full((60, 8), -5.0)
    present[0, 0], present[40:55, 0], other[40:55, 0] = -9.0, -0.1, -3.0
    evidence = Evidence(present, other, torch.zeros(60, 8, dtype=torch.int64), {})
    margin = measure_scale(evidence, captions, table).margin(evidence, captions)[:, 0]
    assert margin[1:40].tolist() == [0.0] * 39 and float(margin[0]) == pytest.approx(4.0)
    torch.testing.assert_close(margin[40:55], torch.full((15,), -2.9))
    assert margin[55:].tolist() == [5.0] * 5


def test_every_judge_can_take_part(trained):
    trainer, _, wrong = trained
    suspicion = proofreader(trainer, judges=Judges(mlm=1, itc=0.1, itm=0.1).model_dump()).repair(0).suspicion
    assert bool(torch.isfinite(suspicion).all())
    assert float(suspicion[wrong].mean()) > float(suspicion[~wrong].mean())


def test_proofreading_reads_a_caption_without_its_suspect(trained):
    trainer, _, _ = trained
    repaired = trainer.proofreader.repair(0)
    left = without_suspects(trainer.samples.captions, repaired)
    for n, suspect in enumerate(repaired.suspect.tolist()):
        expected = trainer.samples.captions.values[n].clone()
        if suspect != ABSENT:
            expected[suspect] = ABSENT
        assert torch.equal(left.values[n], expected)


def test_a_captions_only_clause_is_never_doubted(trained):
    trainer, _, _ = trained
    values = torch.full_like(trainer.samples.captions.values, ABSENT)
    values[:, 7] = trainer.samples.captions.values[:, 7]
    lonely = dataclasses.replace(trainer.samples, captions=Captions(trainer.samples.captions.family, values))
    scio = trainer.proofreader.scio
    assert set(Proofreader(trainer.klip, lonely, trainer.table, scio).repair(1).suspect.tolist()) == {ABSENT}


def test_the_corpus_says_what_was_rewritten_and_in_which_round(trained):
    trainer, _, _ = trained
    repaired = proofreader(trainer, gate_margin=1.0, least_suspicion=0.5).repair(2)
    rows = corpus_rows(trainer.samples, repaired, trainer.proofreader.scio)
    assert len(rows) == CHIPS * len(SHIP.fields)
    for row in rows:
        assert row["status"] in STATUSES
        assert (row["status"] == "rewritten") == (row["final_code"] != row["original_code"]) == (row["round"] > 0)
        assert SHIP.field(row["field"]).values[row["final_code"]] == row["final_value"]
        assert row["score_after"] > row["score_before"] if row["round"] else row["score_after"] == row["score_before"]


@pytest.mark.parametrize(
    "error",
    [
        errors.UnknownClause("c", "ship", "Count", "9"),
        errors.TooFewChips(1, 2),
        errors.CaptionTooLong(40, 20),
        errors.FailedCheck("e", "c"),
        errors.Diverged(3, "itc"),
    ],
)
def test_errors_survive_pickling(error):
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
