"""Real models with random weights: what they say is noise, but it must be the same noise."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pixelprose.captioner.drawing import processors
from pixelprose.captioner.loading import load
from pixelprose.captioner.port import BrokenImage, CaptionRequest
from pixelprose.captioner.testing import jpeg
from pixelprose.captioner.transformers_captioner import TransformersCaptioner
from pixelprose.checkpoints import find_checkpoint
from pixelprose.records import Sampling
from pixelprose.streamkit import ExitCode, Stop

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=12, seed=0)
WARM = Sampling(temperature=1.5, top_p=0.9, max_tokens=12, seed=0)


@pytest.fixture(scope="module", params=["llava", "idefics3"])
def captioner(request: pytest.FixtureRequest) -> TransformersCaptioner:
    return _load(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def small(llava: Path) -> TransformersCaptioner:
    return _load(llava)


def _load(folder: Path, *, batch_size: int = 4) -> TransformersCaptioner:
    return load(find_checkpoint(str(folder)), device="cpu", threads=1, batch_size=batch_size)


def _requests(sampling: Sampling) -> list[CaptionRequest]:
    """Six questions of different lengths about images of different colours."""
    return [
        CaptionRequest(jpeg((40 * at, 255 - 40 * at, 90)), "What is it? " * (at + 1), sampling)
        for at in range(6)
    ]


@pytest.mark.parametrize("sampling", [GREEDY, WARM], ids=["greedy", "sampled"])
def test_a_batch_says_what_each_request_would_get_alone(
    captioner: TransformersCaptioner, sampling: Sampling
) -> None:
    requests = _requests(sampling)

    together = captioner.caption(requests)

    assert together == [captioner.caption([request])[0] for request in requests]
    assert len({completion.text for completion in together}) > 1


def test_requests_sampled_differently_share_a_call_in_order(small: TransformersCaptioner) -> None:
    mixed = [
        CaptionRequest(one.image, one.prompt, (GREEDY, WARM)[at % 2])
        for at, one in enumerate(_requests(GREEDY))
    ]

    assert small.caption(mixed) == [small.caption([request])[0] for request in mixed]


def test_the_image_and_the_question_both_matter(captioner: TransformersCaptioner) -> None:
    base = CaptionRequest(jpeg((255, 0, 0)), "What?", GREEDY)
    other_image = CaptionRequest(jpeg((0, 0, 255)), "What?", GREEDY)
    other_question = CaptionRequest(base.image, "Why so?", GREEDY)

    said = [one.text for one in captioner.caption([base, other_image, other_question])]

    assert len(set(said)) == 3


def test_tokens_are_counted_with_those_of_the_image(small: TransformersCaptioner) -> None:
    [completion] = small.caption([CaptionRequest(jpeg(), "0123456789", GREEDY)])

    # One of the beginning, 16 patches, one per letter, one that asks for the answer.
    assert completion.prompt_tokens == 1 + 16 + 10 + 1
    assert completion.completion_tokens == 12
    assert completion.finish_reason == "length"


def test_an_answer_ends_at_the_end_token(
    small: TransformersCaptioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = CaptionRequest(jpeg(), "What?", GREEDY)
    [unbounded] = small.caption([request])
    # Whatever this noise says third is from now on the end.
    third = _tokens(small, request)[2]
    monkeypatch.setattr(small, "_ends", frozenset([third]))
    monkeypatch.setattr(small._network.generation_config, "eos_token_id", [third])

    [completion, _] = small.caption([request, CaptionRequest(jpeg((0, 0, 9)), "Why?", GREEDY)])

    assert completion.finish_reason == "stop"
    assert completion.completion_tokens <= 3
    assert unbounded.text.startswith(completion.text)


def _tokens(captioner: TransformersCaptioner, request: CaptionRequest) -> list[int]:
    inputs = captioner._inputs([request])
    with torch.inference_mode():
        said = captioner._network.generate(**inputs, do_sample=False, max_new_tokens=12)
    tokens: list[int] = said[0, inputs["input_ids"].shape[1] :].tolist()
    return tokens


def test_the_image_stands_before_the_question(small: TransformersCaptioner) -> None:
    inputs = small._inputs([CaptionRequest(jpeg(), "What?", GREEDY)])
    text = small._processor.decode(inputs["input_ids"][0])

    assert text == "<s>" + "<image>" * 16 + "What?="


def test_a_prompt_without_room_for_the_answer_gets_none_and_harms_no_neighbour(
    small: TransformersCaptioner,
) -> None:
    fits, too_long = _requests(GREEDY)[0], CaptionRequest(jpeg(), "x" * 580, GREEDY)

    first, second, third = small.caption([fits, too_long, fits])

    assert (second.text, second.completion_tokens, second.finish_reason) == ("", 0, "length")
    assert first == third == small.caption([fits])[0]
    assert small.caption([too_long]) == [second]


@pytest.mark.parametrize("data", [b"", b"no image", jpeg()[:40], b"\x89PNG\r\n\x1a\n" + b"0" * 60])
def test_what_is_no_jpeg_is_a_broken_image(small: TransformersCaptioner, data: bytes) -> None:
    with pytest.raises(BrokenImage):
        small.caption([CaptionRequest(data, "What?", GREEDY)])


def test_the_captioner_says_what_it_is(llava: Path, small: TransformersCaptioner) -> None:
    assert small.model.name == llava.name
    assert small.model.revision.startswith("sha256:")
    assert small.model.library.startswith("transformers ")
    assert small.engine.endswith(", cpu, float32")


def test_another_seed_draws_other_words(small: TransformersCaptioner) -> None:
    other = Sampling(temperature=1.5, top_p=0.9, max_tokens=12, seed=1)

    texts = {
        small.caption([CaptionRequest(jpeg(), "What?", sampling)])[0].text
        for sampling in (WARM, other)
    }

    assert len(texts) == 2


def test_drawn_tokens_have_the_shares_of_their_probabilities() -> None:
    shares = torch.tensor([0.5, 0.3, 0.15, 0.05])
    sampling = Sampling(temperature=1.0, top_p=0.9, max_tokens=1, seed=0)
    rows = 4000
    draw = processors(sampling, range(rows))

    drawn = draw(torch.LongTensor(rows, 1), torch.FloatTensor(shares.log().repeat(rows, 1)))

    seen = Counter(drawn.argmax(dim=1).tolist())
    expected = [0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95]
    assert [seen[at] / rows for at in range(3)] == pytest.approx(expected, abs=0.03)
    assert seen[3] == 0, "outside the nucleus"


def test_sampling_settings_of_the_checkpoint_do_not_count(llava: Path, tmp_path: Path) -> None:
    folder = _copy(llava, tmp_path)
    path = folder / "generation_config.json"
    document = json.loads(path.read_text("utf-8"))
    strange = {"do_sample": True, "temperature": 2.0, "repetition_penalty": 50.0, "max_length": 3}
    path.write_text(json.dumps(document | strange), "utf-8")

    assert _load(folder).caption(_requests(GREEDY)) == _load(llava).caption(_requests(GREEDY))


def _copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def _refused(folder: Path) -> str:
    with pytest.raises(Stop) as stopped:
        _load(folder)
    assert stopped.value.code == ExitCode.BAD_CONFIGURATION
    return str(stopped.value)


def test_a_checkpoint_that_wants_to_run_code_is_refused(llava: Path, tmp_path: Path) -> None:
    folder = _copy(llava, tmp_path)
    ran = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(ran)!r}, 'w')\n", "utf-8")
    path = folder / "config.json"
    own = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config"}}
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | own), "utf-8")

    assert "cannot caption" in _refused(folder)
    assert not ran.exists()


def test_a_checkpoint_that_lacks_weights_is_refused(llava: Path, tmp_path: Path) -> None:
    folder = _copy(llava, tmp_path)
    weights = load_file(folder / "model.safetensors")
    lost = next(name for name in weights if "projector" in name)
    del weights[lost]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    assert "lacks weights: " in _refused(folder)


def test_a_damaged_checkpoint_is_refused(llava: Path, tmp_path: Path) -> None:
    folder = _copy(llava, tmp_path)
    (folder / "model.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00garbage")

    assert "cannot caption" in _refused(folder)


def test_a_checkpoint_without_a_chat_template_is_refused(llava: Path, tmp_path: Path) -> None:
    folder = _copy(llava, tmp_path)
    (folder / "chat_template.jinja").unlink()

    assert "chat" in _refused(folder)


def test_a_device_that_is_not_there_is_refused(llava: Path) -> None:
    with pytest.raises(Stop, match="cannot caption on cuda:7"):
        load(find_checkpoint(str(llava)), device="cuda:7", batch_size=1)
