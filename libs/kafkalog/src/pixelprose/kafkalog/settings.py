"""Where Kafka is, who we are there, and the whole configuration that its clients get."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Configuration = dict[str, str | int | float | bool]
"""What confluent-kafka's clients take."""

PROTOCOLS = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
MECHANISMS = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

TRANSACTION_TIMEOUT_SECONDS = 60.0
"""When a coordinator aborts an open transaction: longer than a broker's restart."""

DEAD_LETTER_ROOM_BYTES = 65_536
"""What a dead letter may be larger than twice the limit of a message."""


ONE_IN_FLIGHT: Configuration = {"max.in.flight.requests.per.connection": 1}
"""For every producer. With more, what a leader refused may be lost although it was acknowledged:

the first batch of a producer to a partition is refused (no leader yet), the second, already on its
way, is taken, since the broker knows no sequence of this producer that it would break, and
librdkafka takes the first for delivered as well (confluent-kafka-go #921; seen here after a
broker's restart, once in about sixty producers).
"""


class KafkaSettings(BaseModel):
    """How to reach Kafka; also the one place that knows the names of topics and groups there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: str = Field(min_length=1, description="Brokers: host:port,host:port")
    topic_prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Put before each topic, group and transactional id; tests live apart by it",
    )
    security_protocol: PROTOCOLS = Field(default="PLAINTEXT", description="How to connect")
    sasl_mechanism: MECHANISMS | None = Field(default=None, description="How to log in")
    sasl_username: str | None = Field(default=None, description="Who logs in")
    sasl_password: SecretStr | None = Field(default=None, description="With which password")
    ca_location: Path | None = Field(
        default=None, description="PEM file of the authorities to trust; by default the system's"
    )
    start_deadline_seconds: float = Field(
        default=60.0, ge=0, description="How long to wait for a broker at the start"
    )
    commit_deadline_seconds: float = Field(
        default=60.0, ge=0, description="How long one commit is tried before the process ends"
    )
    max_message_bytes: int = Field(
        default=1_000_000,
        ge=1_000,
        le=100_000_000,
        description="Longest output, key and headers included; a longer one is a dead letter",
    )

    def physical(self, topic: str) -> str:
        """Return the name of `topic` on the broker."""
        return self.topic_prefix + topic

    def group(self, service: str, instance: str) -> str:
        """Return the consumer group of a service; a step's name may follow the service's."""
        return f"{self.topic_prefix}{service}.{instance}"

    def client(self) -> Configuration:
        """Return what every client needs to connect."""
        password = self.sasl_password
        found = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": None if password is None else password.get_secret_value(),
            "ssl.ca.location": None if self.ca_location is None else str(self.ca_location),
        }
        return {name: value for name, value in found.items() if value is not None}


def _steady(settings: KafkaSettings) -> Configuration:
    return {
        **settings.client(),
        "reconnect.backoff.max.ms": 1_000,
        "log.connection.close": False,
    }


def consumer_configuration(settings: KafkaSettings, *, group: str) -> Configuration:
    """Return the effective configuration of the consumer."""
    return {
        **_steady(settings),
        "group.id": group,
        "group.protocol": "consumer",
        # A broker that starts or stops names no brokers, not even itself, for a moment. A client
        # that hears this forgets all it knew; without this it would stay alone, and silent.
        "metadata.recovery.strategy": "rebootstrap",
        # Each topic is shared out by itself. The default counts partitions alone, of all topics:
        # of three ingesters one had the whole topic, and the others the empty retry topics.
        "group.remote.assignor": "range",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        # A position that is missing or out of range is never guessed.
        "auto.offset.reset": "error",
        # A resume waits for the fetch under way: 0.4 s with the default of 500.
        "fetch.wait.max.ms": 50,
    }


def producer_configuration(settings: KafkaSettings, *, transactional_id: str) -> Configuration:
    """Return the effective configuration of the producer."""
    return {
        **_steady(settings),
        # With the default, send_offsets_to_transaction blocks for ever after a broker restart
        # (librdkafka #5456, #5511). Without, it ends at the deadline of the commit at the latest.
        "metadata.recovery.strategy": "none",
        # Never random: after kill -9 the next process ends the open transaction at once.
        "transactional.id": transactional_id,
        "transaction.timeout.ms": round(TRANSACTION_TIMEOUT_SECONDS * 1000),
        # Back-to-back transactions cost 100 ms each with the default of 100.
        "retry.backoff.ms": 10,
        **ONE_IN_FLIGHT,
        "linger.ms": 5,
        # Java's choice; librdkafka's own puts the same key elsewhere.
        "partitioner": "murmur2_random",
        "message.max.bytes": 2 * settings.max_message_bytes + DEAD_LETTER_ROOM_BYTES,
        "delivery.report.only.error": True,
    }
