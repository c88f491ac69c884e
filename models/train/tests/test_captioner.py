import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

TRAIN = Path(__file__).parents[1]
ROOT = TRAIN.parents[1]
sys.path.insert(0, str(TRAIN))

from captioning.album import Album, draw_album  # noqa: E402 - the scripts' folder comes first
from captioning.asking import Captioner  # noqa: E402
from captioning.examples import IGNORED, batches  # noqa: E402
from captioning.messages import Policy, compose, read_policy  # noqa: E402
from captioning.muon import orthogonal  # noqa: E402
from captioning.schedule import pace  # noqa: E402
from captioning.tokens import train_tokenizer  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402

from pixelprose.demoworld import alt_text, captions, lexicon, render, scene  # noqa: E402


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


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("captioner")
    options = (
        "--seconds 16 --check-seconds 2 --pictures 256 --batch 16 --threads 1"
        f" --build {folder}/build --target {folder}/model"
    )
    command = [sys.executable, str(TRAIN / "captioner.py"), *options.split()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=250)
    return done.stdout, folder / "model"


def test_the_loss_falls_in_a_short_slice_of_training(short_run: tuple[str, Path]) -> None:
    seeing = [float(loss) for loss in re.findall(r"exam vision ([\d.]+)", short_run[0])]
    speaking = [float(loss) for loss in re.findall(r"exam ([\d.]+)", short_run[0])]
    assert seeing[-1] < 0.8 * seeing[0]
    assert speaking[-1] < 0.8 * speaking[0]


def test_one_command_leaves_a_checkpoint_that_transformers_loads(
    short_run: tuple[str, Path],
) -> None:
    captioner = Captioner.load(short_run[1])
    assert len(captioner.captions([render(scene(1))], ["Describe."])) == 1


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
        text = tokenizer.decode(row[row != IGNORED])
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
    from captioning import variety  # noqa: PLC0415 - needs the scripts' folder

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
