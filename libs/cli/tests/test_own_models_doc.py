"""The commands of docs/own-models.md and of the README's section are ones that exist."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pixelprose.captioner.settings import CaptionerSection
from pixelprose.cli.app import app
from pixelprose.cli.models.profile import load_profile, profile_names
from pixelprose.metadata_annotator.settings import MetadataAnnotatorSection
from pixelprose.records.codes import codes
from pixelprose.safety_filter.settings import SafetyFilterSection

ROOT = Path(__file__).parents[3]
PAGES = (ROOT / "docs/how-to/own-models.md", ROOT / "README.md")


def commands() -> list[str]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh(?: parsed)?\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            lines = (line.removeprefix(".venv/bin/") for line in block.splitlines())
            found += [line for line in lines if line.startswith("pixelprose ")]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_knows_its_options(command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    said = CliRunner().invoke(app, [*words, "--help"])
    assert said.exit_code == 0, said.output


def test_the_page_has_commands() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize("name", profile_names())
def test_the_settings_of_a_profile_are_ones_that_services_take(name: str) -> None:
    settings = load_profile(name).settings
    CaptionerSection.model_validate(settings["captioner"])
    SafetyFilterSection.model_validate(settings["safety_filter"])
    annotator = MetadataAnnotatorSection.model_validate(settings["metadata_annotator"])
    assert annotator.style.sentences.keys() <= codes().styles.keys()
    assert set(annotator.watermark.classes.values()) <= codes().watermark_classes.keys()


@pytest.mark.parametrize("name", profile_names())
def test_the_packaged_profile_is_the_one_that_people_read(name: str) -> None:
    shown = yaml.safe_load((ROOT / "profiles" / f"{name}.yaml").read_text("utf-8"))
    assert load_profile(name).model_dump(exclude_defaults=True).keys() <= shown.keys()
    assert load_profile(name).settings == shown["settings"]


def test_the_readme_says_of_each_profile_where_it_ran() -> None:
    table = (ROOT / "README.md").read_text("utf-8")
    for name in profile_names():
        assert re.search(rf"^\| `{name}` \|.*nowhere yet", table, re.MULTILINE)
