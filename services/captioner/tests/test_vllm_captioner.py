"""vLLM's adapter on the demo's captioner; `make vllm` runs this where vLLM is installed."""

from pathlib import Path

import pytest

from pixelprose.captioner.app import load_captioner
from pixelprose.captioner.port import BrokenImage, Captioner, CaptionRequest
from pixelprose.captioner.settings import CaptionerSection
from pixelprose.captioner.testing import jpeg
from pixelprose.demoworld import HELDOUT_FROM, encode, model_path, render, scene
from pixelprose.records import Sampling
from pixelprose.streamkit import Stop

pytestmark = [pytest.mark.interop, pytest.mark.timeout(3_000)]

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=120, seed=0)
WARM = Sampling(temperature=1.0, top_p=0.9, max_tokens=60, seed=0)
PROMPT = "Describe this image."


def section(**changes: object) -> CaptionerSection:
    vllm = {"context_tokens": 320, "cache_bytes": 64 << 20}
    values = {"engine": "vllm", "model": str(model_path("captioner")), "vllm": vllm}
    return CaptionerSection.model_validate({**values, "dtype": "float32", **changes})


@pytest.fixture(scope="module")
def captioner() -> Captioner:
    return load_captioner(section())


def pictures() -> list[bytes]:
    return [encode(render(scene(HELDOUT_FROM + at), size=96), "JPEG") for at in range(8)]


def test_it_says_what_transformers_says(captioner: Captioner) -> None:
    requests = [CaptionRequest(image, PROMPT, GREEDY) for image in pictures()]
    other = load_captioner(section(engine="transformers", device="cpu"))

    mine, theirs = captioner.caption(requests), other.caption(requests)

    assert [one.text for one in mine] == [one.text for one in theirs]
    assert [one.finish_reason for one in mine] == ["stop"] * 8
    assert [one.completion_tokens for one in mine] == [one.completion_tokens for one in theirs]


def test_a_draw_does_not_depend_on_its_company(captioner: Captioner) -> None:
    requests = [CaptionRequest(image, PROMPT, WARM) for image in pictures()]

    assert captioner.caption(requests)[3] == captioner.caption([requests[3]])[0]


def test_a_prompt_that_leaves_no_room_is_cut_off_alone(captioner: Captioner) -> None:
    fits = CaptionRequest(pictures()[0], PROMPT, GREEDY)
    long = CaptionRequest(pictures()[1], "a circle " * 400, GREEDY)

    first, second = captioner.caption([fits, long])

    assert (first.finish_reason, second.finish_reason) == ("stop", "length")


def test_what_is_no_image_is_refused(captioner: Captioner) -> None:
    with pytest.raises(BrokenImage):
        captioner.caption([CaptionRequest(b"no image", PROMPT, GREEDY)])


def test_weights_and_engine_are_named(captioner: Captioner) -> None:
    assert captioner.model.name == "demo-captioner"
    assert captioner.model.revision.startswith("sha256:")
    assert captioner.model.library.startswith("vllm ")
    assert "float32" in captioner.engine


def test_what_is_no_captioner_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(Stop, match="cannot caption in vLLM"):
        load_captioner(section(model=str(tmp_path)))


def test_pictures_of_all_shapes_are_taken(captioner: Captioner) -> None:
    for side in (8, 48, 1024):
        [one] = captioner.caption([CaptionRequest(jpeg(side=side), PROMPT, GREEDY)])
        assert one.prompt_tokens > 0
