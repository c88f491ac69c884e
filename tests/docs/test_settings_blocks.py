"""The settings that pages show are settings of their service."""

from pathlib import Path

import pytest
import yaml
from tests.docs.pages import Block, blocks, pages
from tests.docs.shell import SERVICES

from pixelprose.host import load
from pixelprose.streamkit import Stop

CLUSTER = {
    "kafka": {"bootstrap_servers": "kafka:9092"},
    "store": {"endpoint": "http://a", "bucket": "own", "access_key": "a", "secret_key": "b"},
}
SETTINGS = [block for page in pages() for block in blocks(page) if block.language == "yaml"]


def loaded(code: str, file: Path) -> None:
    document = yaml.safe_load(code)
    file.write_text(yaml.safe_dump({**CLUSTER, **document}))
    for section in document:
        load(SERVICES[section.replace("_", "-")], file=file, environ={})


@pytest.mark.parametrize("block", SETTINGS, ids=str)
def test_they_are_accepted(block: Block, tmp_path: Path) -> None:
    loaded(block.code, tmp_path / "settings.yaml")


def test_a_setting_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="did you mean 'model'"):
        loaded("captioner: {modle: x}", tmp_path / "settings.yaml")
