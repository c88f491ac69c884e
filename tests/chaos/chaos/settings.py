"""How a run is set, and how the services of a schedule are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from chaos.faults import SESSION_SECONDS
from pixelprose.cli.demo_config import sections
from pixelprose.embedded import KafkaSettings as BrokerSettings
from pixelprose.embedded import S3Access, StackSettings

Models = Literal["canary", "demo"]

MOST_LAG = 20
"""Records that a reader may be behind before the service that it reads from waits."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of `make chaos`. Schedule i has the seed `seed + i`, which runs it alone as well."""

    folder: Path
    seed: int
    schedules: int
    models: Models = "canary"
    submissions: int = 200
    faults: int = 12
    feed_seconds: float = 70.0
    long_stop_every: int = 3
    settle_seconds: float = 200.0
    """The bound of (f): a watchdog's 120 s, a restart on a busy machine, and a table's retries."""


def stack_settings(folder: Path) -> StackSettings:
    """Servers with session timeouts so short that a schedule outlives many of them."""
    session = str(int(SESSION_SECONDS * 1000))
    return StackSettings(
        data_dir=folder,
        kafka=BrokerSettings(
            overrides={
                "group.consumer.session.timeout.ms": session,
                "group.consumer.heartbeat.interval.ms": "500",
                # Schedules remove their topics, and the disk gets its room back at once.
                "file.delete.delay.ms": "1000",
            }
        ),
    )


def write_config(
    path: Path, *, servers: str, prefix: str, access: S3Access, store: str, bucket: str, known: Path
) -> Path:
    """The one file of all services of a schedule; `store` is the endpoint that they are told."""
    own: Mapping[str, Mapping[str, Any]] = sections(known)
    # One domain is the whole web here: its URLs that are busy for a while must not stop the others.
    manners = {**own["ingester"]["manners"], "pause_after_failures": 1_000}
    document = {
        "kafka": {"bootstrap_servers": servers, "topic_prefix": prefix},
        "store": {
            "endpoint": store,
            "bucket": bucket,
            "access_key": access.access_key,
            "secret_key": access.secret_key.get_secret_value(),
            "create_bucket": True,
            "read_timeout_seconds": 5.0,
        },
        # So little that a reader who is down for some seconds holds back those before it.
        "runner": {"max_downstream_lag": MOST_LAG},
        **own,
        "ingester": {**own["ingester"], "manners": manners},
        "sink": {"flush_seconds": 1.0},
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path
