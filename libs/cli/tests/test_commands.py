from pathlib import Path

import pytest

from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.errors import CommandError
from pixelprose.cli.progress_file import Done, ProgressFile
from pixelprose.cli.schema_command import schema_json
from pixelprose.cli.up_sections import section_overrides
from pixelprose.streamkit import ExitCode, Stop


def test_a_schema_is_printed_by_either_name() -> None:
    assert schema_json("caption_annotated") == schema_json("CaptionAnnotated")


def test_an_unknown_record_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(CommandError, match="CaptionAnnotated"):
        schema_json("captions")


def test_progress_is_kept_per_file_and_cluster(tmp_path: Path) -> None:
    kept = ProgressFile(tmp_path, identity="a" * 64, cluster="one")
    assert kept.read() == Done()
    kept.write(Done(7, 2))
    assert ProgressFile(tmp_path, identity="a" * 64, cluster="one").read() == Done(7, 2)
    assert ProgressFile(tmp_path, identity="a" * 64, cluster="two").read() == Done()


def test_a_broken_progress_file_means_from_the_start(tmp_path: Path) -> None:
    kept = ProgressFile(tmp_path, identity="a" * 64, cluster="one")
    kept.write(Done(7, 2))
    next(tmp_path.iterdir()).write_text("{")
    assert kept.read() == Done()


def test_no_cluster_anywhere_is_refused_with_the_setting_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS", raising=False)
    with pytest.raises(Stop, match="PIXELPROSE_KAFKA") as refused:
        client_settings(None)
    assert refused.value.code is ExitCode.BAD_CONFIGURATION


def test_up_refuses_settings_that_it_makes_itself(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("kafka: {bootstrap_servers: x}\n")
    with pytest.raises(CommandError, match="kafka"):
        section_overrides({"captioner": {"model": "demo"}}, file)


def test_up_puts_ones_own_sections_over_the_demos(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("captioner: {model: mine}\n")
    merged = section_overrides({"captioner": {"model": "demo", "threads": 1}}, file)
    assert merged == {"captioner": {"model": "mine", "threads": 1}}
