"""Where the store is and who we are there."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"  # S3's rule for names
_REGION = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"


class StoreSettings(BaseModel):
    """One bucket in one S3 store.

    ``endpoint`` is a URL of scheme and host, with or without a port: a store under a path is
    not S3. ``create_bucket`` allows ``prepare()`` to make the bucket where it is missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str = Field(description="URL of the S3 server, such as http://127.0.0.1:9000")
    bucket: str = Field(pattern=_BUCKET, description="Bucket of images and tables")
    access_key: str = Field(min_length=1, description="Who we are there")
    secret_key: SecretStr = Field(description="With which secret")
    region: str = Field(default="us-east-1", pattern=_REGION, description="The bucket's region")
    create_bucket: bool = Field(default=False, description="Make the bucket where it is missing")
    connect_timeout_seconds: float = Field(
        default=2.0, gt=0, description="How long a connection may take"
    )
    read_timeout_seconds: float = Field(
        default=10.0, gt=0, description="How long the server may be silent"
    )
    max_connections: int = Field(default=16, ge=1, description="Connections at a time")

    @field_validator("endpoint")
    @classmethod
    def _scheme_and_host_only(cls, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be a URL such as http://127.0.0.1:9000")
        if parts.port == 0:
            raise ValueError("must name the port of a server")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError("must be scheme, host and port alone: no path, query or user")
        return f"{parts.scheme}://{parts.netloc}"
