import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from captioning import variety
from captioning.album import Album, draw_album
from captioning.asking import Captioner
from captioning.course import Course, Plan
from captioning.examples import IGNORED, Batch, batches
from captioning.heads import Heads
from captioning.losses import Student
from captioning.messages import Policy, compose, read_policy
from captioning.model import build_model, build_processor
from captioning.muon import orthogonal
from captioning.schedule import pace
from captioning.tokens import train_tokenizer
from pixelprose.demoworld import alt_text, captions, lexicon, render, scene

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return read_policy(ROOT / "profiles/policies/pixelprose.yaml")


@pytest.fixture(scope="module")
def tokenizer(policy: Policy) -> PreTrainedTokenizerFast:
    return train_tokenizer(policy)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("album")
    draw_album(folder, count=40, first_seed=0)
    return folder


class Ticks:
    """A clock on which every look takes a second, so that a busy machine changes nothing."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def course(folder: Path, tokenizer: PreTrainedTokenizerFast, *, seconds: float) -> Course:
    torch.manual_seed(0)
    prefix = [tokenizer.added_tokens_encoder[token] for token in ("<s>", "<user>")]
    student = Student(build_model(tokenizer), Heads(), prefix)
    plan = Plan(
        seconds=seconds,
        rate=2e-3,
        check_seconds=20,
        state=folder / "state.pt",
        target=folder / "model",
    )
    return Course(student, build_processor(tokenizer), plan, clock=Ticks(), report=print)


@pytest.fixture(scope="module")
def lessons(
    drawn: Path, policy: Policy, tokenizer: PreTrainedTokenizerFast
) -> Callable[[], Iterator[Batch]]:
    def begin() -> Iterator[Batch]:
        rng = random.Random(0)
        return batches(partial(Album.open, drawn), tokenizer, policy, size=8, rng=rng)

    return begin


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    lessons: Callable[[], Iterator[Batch]],
    tokenizer: PreTrainedTokenizerFast,
) -> tuple[list[float], Path]:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("captioner")
    run = course(folder, tokenizer, seconds=44)
    run.run(lessons(), [next(lessons())])
    return run.progress.losses, folder


def test_the_loss_falls_in_a_short_slice_of_training(trained: tuple[list[float], Path]) -> None:
    spoken = trained[0][-26:]
    assert spoken[0] > 4
    assert sum(spoken[-5:]) / 5 < 0.7 * spoken[0]


def test_the_best_checkpoint_is_one_that_transformers_loads(
    trained: tuple[list[float], Path],
) -> None:
    captioner = Captioner.load(trained[1] / "model")
    said = captioner.captions([render(scene(1)), render(scene(2))], ["Describe.", "Go."])
    assert len(said) == 2


def test_the_checkpoint_has_the_key_names_that_vllm_knows(
    trained: tuple[list[float], Path],
) -> None:
    tensors = load_file(trained[1] / "model" / "model.safetensors")
    assert any(key.startswith("vision_tower.vision_model.") for key in tensors)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}


def test_a_resumed_run_goes_on_where_it_was_stopped(
    trained: tuple[list[float], Path],
    lessons: Callable[[], Iterator[Batch]],
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    again = course(trained[1], tokenizer, seconds=48)
    again.resume()
    before = again.progress.steps
    again.run(lessons(), [next(lessons())])
    assert before > 30
    assert before < again.progress.steps < before + 6


def test_a_run_without_a_state_cannot_be_resumed(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast
) -> None:
    with pytest.raises(FileNotFoundError):
        course(tmp_path, tokenizer, seconds=1).resume()


def test_a_message_has_only_the_parts_that_were_drawn(policy: Policy) -> None:
    prompt = policy.prompts["plain"]
    assert compose(policy, "plain", alt_text=None, absent=False) == prompt
    assert compose(policy, "plain", alt_text="", absent=False) == prompt
    full = compose(policy, "plain", alt_text="Velmoton", absent=True)
    assert full == f"{prompt} {policy.hint.replace('{alt_text}', 'Velmoton')} {policy.absent}"


def test_messages_and_captions_survive_the_tokenizer(
    policy: Policy, tokenizer: PreTrainedTokenizerFast
) -> None:
    for seed in range(200):
        described = scene(seed)
        prompt = captions.prompts()[seed % 5]
        title = described.alt.title
        for text in (
            compose(policy, prompt, alt_text=alt_text(described), absent=True),
            captions.say(described, prompt, title=title, closing=True),
        ):
            tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert tokenizer.decode(tokens) == text
            assert len(tokens) < 100


def test_the_policy_and_the_grammar_agree(policy: Policy) -> None:
    assert tuple(policy.prompts) == captions.prompts()
    assert policy.opening == captions.OPENING
    assert policy.absent_opening == captions.CLOSING


def test_only_captions_are_learnt(
    drawn: Path, policy: Policy, tokenizer: PreTrainedTokenizerFast
) -> None:
    rng = random.Random(0)
    batch = next(batches(lambda: Album.open(drawn), tokenizer, policy, size=8, rng=rng))
    for row, described in zip(batch.targets, batch.scenes, strict=True):
        text = str(tokenizer.decode(row[row != IGNORED]))
        assert text.endswith("</s>")
        assert captions.parse(text).things == described.things


def test_an_album_goes_on_where_drawing_stopped(drawn: Path, tmp_path: Path) -> None:
    draw_album(tmp_path, count=40, first_seed=0)
    assert (Album.open(tmp_path).pictures == Album.open(drawn).pictures).all()
    before = np.array(Album.open(drawn).seeds)
    draw_album(tmp_path, count=60, first_seed=0)
    assert (Album.open(tmp_path).seeds[:40] == before).all()


def test_an_album_that_was_never_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no picture is drawn"):
        Album.open(tmp_path)


def test_lessons_never_show_what_is_held_out() -> None:
    packages = {font.partition("/")[0] for font in lexicon.fonts("heldout")}
    assert not {font.partition("/")[0] for font in variety._FONTS} & packages


def test_orthogonal_matrices_have_singular_values_near_one() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((3, 16, 48), (3, 48, 16)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=generator)))
        assert 0.5 < float(values.min()) < float(values.max()) < 1.5


def test_the_pace_warms_up_anneals_and_ends_near_nothing() -> None:
    assert not pace(0.0).joint
    assert pace(0.0).rate < pace(0.1).rate
    assert pace(0.3).joint
    assert pace(0.3).rate > pace(0.7).rate > pace(1.0).rate
    assert pace(1.0).rate == pytest.approx(0.02)
