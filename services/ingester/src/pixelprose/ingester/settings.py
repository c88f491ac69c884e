"""Settings of the ingester."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, IPvAnyNetwork, model_validator

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.limits import DecodeLimits, FetchLimits
from pixelprose.ingester.manners import MannersSettings
from pixelprose.ingester.quarantine import Originals
from pixelprose.ingester.sources.permits import SourceSettings
from pixelprose.objectstore import ExpirySettings, StoreSettings
from pixelprose.records import StreamSettings

Port = Annotated[int, Field(ge=1, le=65_535)]


class GuardSettings(BaseModel):
    """What may be dialled beside public addresses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(), description="Ranges such as 127.0.0.0/8 that are allowed though not public."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="Names that are allowed though they look local."
    )
    allowed_ports: tuple[Port, ...] | Literal["any"] = Field(
        default=(80, 443), description='Ports of public addresses, or "any".'
    )

    def guard(self) -> Guard:
        """Return the judge that these settings describe."""
        ports = self.allowed_ports
        return Guard(
            networks=self.allowed_networks,
            hosts=frozenset(host.lower() for host in self.allowed_hosts),
            ports="any" if ports == "any" else frozenset(ports),
        )


class IngesterSection(BaseModel):
    """What the ingester itself needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(
        default=64, ge=1, description="Submissions at a time; each may hold one body in memory."
    )
    contact: HttpUrl | None = Field(
        default=None,
        description="A page about this crawler and its operator, sent in the User-Agent.",
    )
    originals: Originals = Field(
        default="kept",
        description="Whether the bytes as fetched are put into quarantine beside the rendition; "
        "both live for expiry.quarantine_days.",
    )
    expiry: ExpirySettings = ExpirySettings()
    guard: GuardSettings = GuardSettings()
    sources: SourceSettings = SourceSettings()
    limits: FetchLimits = FetchLimits()
    decode: DecodeLimits = DecodeLimits()
    manners: MannersSettings = MannersSettings()


class IngesterSettings(StreamSettings):
    """Settings of the ingester: `PIXELPROSE_INGESTER__*` and the shared sections."""

    store: StoreSettings
    ingester: IngesterSection = IngesterSection()

    @model_validator(mode="after")
    def _sources_lie_elsewhere(self) -> Self:
        """Refuse our own bucket as a source: quarantine would be read by the side door."""
        sources = self.ingester.sources
        same = sources.s3 is None or sources.s3.endpoint == self.store.endpoint
        if same and self.store.bucket in sources.buckets():
            raise ValueError("ingester.sources.prefixes: the store's own bucket is no source")
        return self
