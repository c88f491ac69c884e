import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
import structlog
from pydantic import HttpUrl, ValidationError
from structlog.testing import capture_logs
from structlog.typing import EventDict

from pixelprose.ingester.app import begin, user_agent
from pixelprose.ingester.settings import GuardSettings, IngesterSection, IngesterSettings
from pixelprose.streamkit import ExitCode


def started(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The service as a process, with nothing but these settings."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "pixelprose.ingester", *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_by_default_only_public_addresses_on_web_ports_are_dialled() -> None:
    guard = IngesterSection().guard.guard()
    assert guard.networks == ()
    assert guard.hosts == frozenset()
    assert guard.ports == frozenset({80, 443})


def test_a_deployment_may_allow_its_own_names() -> None:
    guard = GuardSettings.model_validate({"allowed_hosts": ["images.internal"]}).guard()
    assert guard.refuses_host("images.internal") is None
    assert guard.refuses_host("other.internal") is not None


def test_the_demo_allows_its_own_machine_and_nothing_else() -> None:
    section = {"allowed_networks": ["127.0.0.0/8"], "allowed_ports": "any"}
    guard = GuardSettings.model_validate(section).guard()
    assert guard.networks == (ip_network("127.0.0.0/8"),)
    assert guard.ports == "any"


@pytest.mark.parametrize(
    "section",
    [
        {"nonsense": 1},
        {"guard": {"allowed_network": ["127.0.0.0/8"]}},
        {"guard": {"allowed_networks": ["127.0.0.1/8"]}},
        {"guard": {"allowed_ports": [0]}},
        {"guard": {"allowed_ports": "all"}},
        {"limits": {"total_seconds": 0}},
        {"decode": {"rendition_side": 2048}},
        {"contact": "ask me"},
    ],
)
def test_settings_that_mean_nothing_are_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        IngesterSection.model_validate(section)


def test_we_say_who_we_are_and_where_to_ask() -> None:
    assert user_agent("0.1.0", None) == "PixelProseStream/0.1.0"
    contact = HttpUrl("https://example.org/crawler")
    assert user_agent("0.1.0", contact) == "PixelProseStream/0.1.0 (+https://example.org/crawler)"


@pytest.fixture
def talkative() -> Iterator[None]:
    """Logs as a service has them: tests are quiet otherwise."""
    quiet = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.BoundLogger)
    yield
    structlog.configure(wrapper_class=quiet)


def beginning(**section: object) -> list[EventDict]:
    """What the service says where nothing is there to begin with."""
    store = {"endpoint": "http://127.0.0.1:1", "bucket": "pictures"}
    settings = IngesterSettings.model_validate(
        {
            "kafka": {"bootstrap_servers": "127.0.0.1:1"},
            "store": store | {"access_key": "us", "secret_key": "hush"},
            "ingester": {"contact": "https://example.org/crawler"} | section,
        }
    )
    with capture_logs() as logs:
        begin(settings)
    return logs


@pytest.mark.usefixtures("talkative")
@pytest.mark.parametrize(("rules", "said"), [("set", ["nothing_expires"]), ("left", [])])
def test_a_store_that_will_not_delete_by_itself_is_told_of(rules: str, said: list[str]) -> None:
    logs = beginning(expiry={"rules": rules})
    assert [line["event"] for line in logs] == said
    assert all("pixelprose expire" in line["advice"] for line in logs)


@pytest.mark.usefixtures("talkative")
def test_the_service_takes_all_descriptors_that_it_may_and_says_when_they_are_few() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[0] - 1, before[1]))
    try:
        (said,) = beginning(expiry={"rules": "left"}, concurrency=before[1])
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (said["event"], said["allowed"]) == ("few_descriptors", before[1])


def test_help_names_every_setting() -> None:
    said = started("--help")
    assert said.returncode == 0
    for name in ("GUARD__ALLOWED_NETWORKS", "LIMITS__MAX_BYTES", "DECODE__MAX_PIXELS", "CONTACT"):
        assert f"PIXELPROSE_INGESTER__{name}" in said.stdout


def test_an_unknown_setting_is_named_and_refused() -> None:
    said = started("--check-config", PIXELPROSE_INGESTER__NONSENSE="1")
    assert said.returncode == ExitCode.BAD_CONFIGURATION
    assert "ingester.nonsense" in said.stderr


def test_a_store_that_does_not_answer_is_named(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        """
        kafka: {bootstrap_servers: "127.0.0.1:1"}
        store:
          {endpoint: "http://127.0.0.1:1", bucket: pictures, access_key: a, secret_key: hush-hush}
        """
    )
    said = started("--check-config", "--config", str(config))
    assert said.returncode == ExitCode.UNAVAILABLE
    assert "http://127.0.0.1:1" in said.stderr
    assert "hush-hush" not in said.stdout + said.stderr


@pytest.mark.usefixtures("talkative")
def test_a_crawler_without_a_contact_is_told_that_nobody_can_ask_it() -> None:
    (said,) = beginning(expiry={"rules": "left"}, contact=None)
    assert said["event"] == "no_contact"
    assert "PIXELPROSE_INGESTER__CONTACT" in said["advice"]
