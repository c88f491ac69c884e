from pathlib import Path

import pytest

from pixelprose.cli.errors import CommandError
from pixelprose.cli.gpus import gpu_numbers
from pixelprose.cli.local import on_gpus, one_of_each, partitions_for
from pixelprose.cli.models.shelf import Shelf
from pixelprose.cli.up_sections import UpOptions, sections_of


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0", (0,)), ("0-7", tuple(range(8))), ("0,2,5", (0, 2, 5)), ("6-7, 1", (6, 7, 1))],
)
def test_gpus_are_named_as_lists_and_spans(text: str, numbers: tuple[int, ...]) -> None:
    assert gpu_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "0-", "3-1", "1,1", "0-3,2", "-1"])
def test_what_names_no_gpus_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--gpus"):
        gpu_numbers(text)


def test_each_gpu_has_a_captioner_of_its_own_with_its_own_slot() -> None:
    replicas = on_gpus((2, 5))

    captioners = [one for one in replicas if one.service == "captioner"]
    assert [(one.name, dict(one.env)) for one in captioners] == [
        ("captioner-2", {"CUDA_VISIBLE_DEVICES": "2", "PIXELPROSE_SLOT": "0"}),
        ("captioner-5", {"CUDA_VISIBLE_DEVICES": "5", "PIXELPROSE_SLOT": "1"}),
    ]
    others = [one for one in replicas if one.service != "captioner"]
    assert [one.service for one in others] == [
        "ingester",
        "safety-filter",
        "metadata-annotator",
        "sink",
    ]
    assert {one.env["CUDA_VISIBLE_DEVICES"] for one in others} == {"2"}
    assert len({one.name for one in replicas}) == len(replicas)


def test_every_captioner_has_partitions_to_read() -> None:
    assert partitions_for(one_of_each()) == 4
    assert partitions_for(on_gpus(tuple(range(8)))) == 16


def test_without_a_profile_it_is_the_demo(tmp_path: Path) -> None:
    made = sections_of(UpOptions(tmp_path))

    assert made["captioner"]["model"].endswith("captioner")
    assert made["ingester"]["guard"]["allowed_networks"] == ["127.0.0.0/8"]


def test_real_models_want_a_list_of_known_hashes(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no list of known hashes: give --known-hashes"):
        sections_of(UpOptions(tmp_path, profile="cpu"))


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"at .*nowhere\.csv"):
        sections_of(UpOptions(tmp_path, profile="cpu", known_hashes=["nowhere.csv"]))


def test_hashes_without_a_profile_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="goes with --profile"):
        sections_of(UpOptions(tmp_path, known_hashes=["demo"]))


def test_a_profile_that_was_not_pulled_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Shelf(tmp_path / "hub", tmp_path / "models")
    monkeypatch.setattr(Shelf, "of_this_machine", lambda: empty)

    with pytest.raises(CommandError, match="`pixelprose models pull --profile endpoint`"):
        sections_of(UpOptions(tmp_path, profile="endpoint", known_hashes=["demo"]))
