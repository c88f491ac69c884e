import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pixelprose.ingester.manners import ConsentPolicy, load_policy
from pixelprose.streamkit import ExitCode, Stop

SHIPPED = load_policy("consent")


def document() -> dict[str, Any]:
    return SHIPPED.model_dump(mode="json")


def written(path: Path, document: object) -> str:
    path.write_text(yaml.safe_dump(document))
    return str(path)


def test_the_shipped_policy_honours_every_opt_out_that_it_knows() -> None:
    assert SHIPPED.label == "pixelprose-consent/1"
    assert {"noai", "noimageai", "noindex", "noimageindex"} <= SHIPPED.x_robots_tag.words
    assert SHIPPED.tdm_reservation.words == {"1"}
    assert "train-ai" in SHIPPED.content_usage.words
    assert {"gptbot", "google-extended", "ccbot"} <= SHIPPED.robots.tokens


def test_every_value_counts_in_the_hash_and_the_layout_does_not(tmp_path: Path) -> None:
    again = load_policy(written(tmp_path / "same.yaml", document()))
    assert again.hash == SHIPPED.hash
    changed = document()
    changed["tdm_reservation"]["reject"] = []
    assert load_policy(written(tmp_path / "other.yaml", changed)).hash != SHIPPED.hash


@pytest.mark.parametrize("part", list(ConsentPolicy.model_fields))
def test_a_policy_with_a_part_missing_is_refused(tmp_path: Path, part: str) -> None:
    short = document()
    del short[part]
    with pytest.raises(Stop, match=part) as stopped:
        load_policy(written(tmp_path / "short.yaml", short))
    assert stopped.value.code is ExitCode.BAD_CONFIGURATION


@pytest.mark.parametrize(
    "text", ["", "- a\n", "name: x\nmore: 1\n", "{", "robots: {agents: [{token: 'a b'}]}"]
)
def test_what_is_no_policy_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(Stop, match="consent policy"):
        load_policy(str(tmp_path / "bad.yaml"))


def test_a_service_without_its_policy_does_not_start(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        """
        kafka: {bootstrap_servers: "127.0.0.1:1"}
        store: {endpoint: "http://127.0.0.1:1", bucket: pictures, access_key: a, secret_key: b}
        ingester: {manners: {consent: nowhere.yaml}}
        """
    )
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    said = subprocess.run(
        [sys.executable, "-m", "pixelprose.ingester", "--check-config", "--config", str(config)],
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == ExitCode.BAD_CONFIGURATION
    assert "nowhere.yaml" in said.stderr
