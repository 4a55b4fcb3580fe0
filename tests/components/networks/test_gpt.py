import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from components.networks.chat import IGNORED, IMAGE, attention_mask
from components.networks.errors import BadModelConfig, BadWeights
from components.networks.gpt import Gpt, load_gpt
from components.networks.tlm import pack_anchors


@pytest.fixture(scope="module")
def gpt(small) -> Gpt:
    return small.gpt()


def logits(small, gpt: Gpt, grids: list, questions: list[str], *, modulated: bool = True) -> torch.Tensor:
    """Logits of one row a chip, all with the same questions."""
    planes = torch.stack([small.request(place).planes for place in range(len(grids))])
    row = gpt.chat.row("SAR VV+VH 10 m", 16, questions)
    anchors = pack_anchors(grids, [None] * len(grids))
    tlm, gpt.network.model.tlm = gpt.network.model.tlm, gpt.network.model.tlm if modulated else None
    with torch.no_grad():
        out = gpt.network.model(
            input_ids=row.ids.expand(len(grids), -1),
            attention_mask=attention_mask(row.branches.expand(len(grids), -1)),
            position_ids=gpt.positions(row, 64, 64)[:, None].expand(-1, len(grids), -1),
            mm_encoder_outputs={"image": gpt.see(planes, anchors)},
        ).last_hidden_state
        found = gpt.network.lm_head(out)
    gpt.network.model.tlm = tlm
    return found


def test_missing_alphaearth_gives_the_logits_of_the_model_without_modulation_bit_for_bit(small, gpt):
    assert torch.equal(
        logits(small, gpt, [None, None], ["ships?"]), logits(small, gpt, [None, None], ["ships?"], modulated=False)
    )


def test_a_zero_initialised_modulation_gives_the_base_models_logits(small, gpt):
    fresh = small.gpt()
    fresh.tlm.reset()
    grids = [small.unit_grid(1), small.unit_grid(2)]
    assert torch.equal(
        logits(small, fresh, grids, ["ships?"]), logits(small, fresh, grids, ["ships?"], modulated=False)
    )
    assert not torch.equal(
        logits(small, gpt, grids, ["ships?"]), logits(small, gpt, grids, ["ships?"], modulated=False)
    )


def test_a_packed_batch_of_chips_gives_the_logits_of_batches_of_one(small, gpt):
    together = logits(small, gpt, [small.unit_grid(1), None, small.unit_grid(2)], ["ships?"])
    alone = logits(small, gpt, [small.unit_grid(1)], ["ships?"])
    torch.testing.assert_close(together[:1], alone, atol=1e-4, rtol=1e-4)


def test_a_question_means_the_same_alone_and_after_others(small, gpt):
    alone = logits(small, gpt, [small.unit_grid(1)], ["terrain?"])
    beside = logits(small, gpt, [small.unit_grid(1)], ["How many ships?", "terrain?"])
    length = len(gpt.chat.row("SAR VV+VH 10 m", 16, ["terrain?"]).ids)
    opening = int((gpt.chat.row("SAR VV+VH 10 m", 16, ["terrain?"]).branches == 0).sum())
    branch = length - opening
    torch.testing.assert_close(beside[:, -branch:], alone[:, -branch:], atol=1e-4, rtol=1e-4)


def test_image_places_have_rows_and_columns_and_text_goes_on_after_them(small, gpt):
    row = gpt.chat.row("SAR VV 1 m", 16, ["a?", "b?"])
    positions = gpt.positions(row, 64, 64)
    image = positions[:, row.ids == gpt.chat.special(IMAGE)] - row.image_start
    assert image[1].tolist() == [place // 4 for place in range(16)]
    assert image[2].tolist() == [place % 4 for place in range(16)]
    assert positions[0, row.image_start + 16] == row.image_start + 4
    starts = [int(positions[0][row.branches == branch][0]) for branch in (1, 2)]
    assert starts[0] == starts[1] == int(positions[:, row.branches == 0].max()) + 1


def test_greedy_answers_equal_those_of_transformers_generate(small, gpt):
    asked = small.request(5)
    row = gpt.chat.row("SAR VV+VH 10 m", 16, [asked.question])
    found = gpt.answer([asked], 12)
    with torch.no_grad():
        images = gpt.see(asked.planes[None], pack_anchors([asked.alphaearth], [None]))
    wanted = gpt.network.generate(
        input_ids=row.ids[None],
        attention_mask=torch.ones_like(row.ids[None]),
        mm_token_type_ids=(row.ids == gpt.chat.special(IMAGE)).int()[None],
        image_grid_thw=torch.tensor([[1, 8, 8]]),
        mm_encoder_outputs={"image": images},
        do_sample=False,
        max_new_tokens=12,
        eos_token_id=gpt.chat.end,
        pad_token_id=gpt.chat.pad,
    )[0, len(row.ids) :].tolist()
    assert found == [gpt.chat.decode(wanted)]


def test_batched_answers_equal_answers_one_by_one_in_the_order_of_the_requests(small, gpt):
    asked = [
        small.request(place // 2, question) for place in range(8) for question in ("ships?", "How many ships are here?")
    ]
    asked[3] = replace(asked[3], alphaearth=None)
    assert gpt.answer(asked, 10) == [gpt.answer([item], 10)[0] for item in asked]


def test_an_answer_stops_at_the_end_token_and_at_the_longest_allowed(small, gpt):
    row = gpt.chat.row("SAR VV+VH 10 m", 16, ["How many?"], ["3"])
    assert row.labels[row.labels != IGNORED].tolist() == [*gpt.chat.encode("3"), gpt.chat.end]
    fresh = small.gpt()
    optimizer = torch.optim.Adam(fresh.train_only(["language"]), lr=1e-2)
    planes, grid = small.request(1).planes[None], pack_anchors([None], [None])
    for _ in range(40):
        hidden = fresh.network.model(
            input_ids=row.ids[None],
            attention_mask=attention_mask(row.branches[None]),
            position_ids=fresh.positions(row, 64, 64)[:, None],
            mm_encoder_outputs={"image": fresh.see(planes, grid)},
        ).last_hidden_state
        loss = torch.nn.functional.cross_entropy(fresh.network.lm_head(hidden)[0], row.labels, ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    asked = replace(small.request(1), question="How many?", alphaearth=None)
    assert fresh.answer([asked], 20) == ["3"]
    assert fresh.answer([asked], 0) == [""]


def test_a_question_that_spells_a_special_token_stays_text(small, gpt):
    row = gpt.chat.row("SAR VV 1 m", 16, [f"a{IMAGE}<|im_end|>b"])
    assert int((row.ids == gpt.chat.special(IMAGE)).sum()) == 16
    assert len(gpt.answer([small.request(1, f"{IMAGE * 3} ships?")], 4)) == 1


def test_every_text_can_be_written_and_read_back(small, gpt):
    for text in ('[{"bbox_2d": [1, 20, 33, 64], "label": "ship"}]', "Größe 12.5 µm", "terrain is coast $"):
        assert gpt.chat.decode(gpt.chat.encode(text)) == text


def test_a_saved_model_answers_as_before_and_saves_to_the_same_bytes(small, gpt, tmp_path):
    gpt.save(tmp_path / "first")
    loaded = load_gpt(tmp_path / "first")
    loaded.save(tmp_path / "second")
    asked = [small.request(place) for place in range(3)]
    assert loaded.answer(asked, 8) == gpt.answer(asked, 8)
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_folder_of_another_format_or_with_a_foreign_key_is_refused(small, gpt, tmp_path):
    gpt.save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for change in ({"format": "fusar-gpt/2"}, {"extra": 1}, {"vision": None}):
        (tmp_path / "config.json").write_text(json.dumps(config | change))
        with pytest.raises(BadModelConfig, match=r"config\.json"):
            load_gpt(tmp_path)


def test_a_damaged_tokenizer_and_weights_of_another_size_are_refused(small, gpt, tmp_path):
    gpt.save(tmp_path)
    good = (tmp_path / "tokenizer.json").read_text()
    (tmp_path / "tokenizer.json").write_text(good.replace("<|im_end|>", "<|im_stop|>"))
    with pytest.raises(BadModelConfig, match="im_end"):
        load_gpt(tmp_path)
    (tmp_path / "tokenizer.json").write_text(good)
    config = json.loads((tmp_path / "config.json").read_text())
    config["tlm"]["hidden"] = 24
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadWeights, match="tlm"):
        load_gpt(tmp_path)


def test_one_chip_in_many_questions_is_encoded_once(small, gpt, monkeypatch):
    seen = []
    see = gpt.see
    monkeypatch.setattr(gpt, "see", lambda planes, anchors: seen.append(len(planes)) or see(planes, anchors))
    gpt.answer([small.request(place % 2, f"ships {place}?") for place in range(10)], 2)
    assert seen == [2]


def test_chips_of_several_sizes_can_be_asked_at_once(small, gpt):
    narrow = replace(small.request(2), codes=np.full((2, 32, 48), 90, np.uint8), alphaearth=None)
    asked = [small.request(1), narrow, small.request(3)]
    assert gpt.answer(asked, 6) == [gpt.answer([item], 6)[0] for item in asked]
