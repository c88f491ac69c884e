"""Settings that every service with records has."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from pixelprose.host import ServiceSettings

_EMBEDDED = "mock://"


class RegistrySettings(BaseModel):
    """Where schemas get their ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        default=f"{_EMBEDDED}pixelprose",
        description="Confluent-compatible registry; mock:// is the embedded one",
    )
    username: str | None = Field(default=None, description="User for basic authentication")
    password: SecretStr | None = Field(default=None, description="Password of that user")
    timeout_seconds: float = Field(default=10.0, gt=0, description="Time for one request")

    @property
    def is_embedded(self) -> bool:
        """Whether ids come from `schemas/ids.yaml`."""
        return self.url.startswith(_EMBEDDED)

    def client(self) -> dict[str, object]:
        """Return the configuration of the Confluent client."""
        conf: dict[str, object] = {
            "url": self.url,
            "timeout": self.timeout_seconds,
            # The runner itself waits and tries again, and knows when to give up.
            "max.retries": 1,
            "retries.wait.ms": 100,
            "retries.max.wait.ms": 100,
        }
        if self.username and self.password:
            conf["basic.auth.user.info"] = f"{self.username}:{self.password.get_secret_value()}"
        return conf


class StreamSettings(ServiceSettings):
    """A service that reads and writes records."""

    registry: RegistrySettings = RegistrySettings()
