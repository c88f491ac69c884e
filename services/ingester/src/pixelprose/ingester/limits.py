"""What a fetch and a decode may cost; all have safe defaults."""

from pydantic import BaseModel, ConfigDict, Field


class FetchLimits(BaseModel):
    """Bounds of one fetch, redirects included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    total_seconds: float = Field(
        default=20.0, gt=0, description="From the first dial to the last byte."
    )
    first_byte_seconds: float = Field(
        default=10.0, gt=0, description="From a request to the head of its answer, dial included."
    )
    least_bytes_per_second: float = Field(
        default=5_000.0, gt=0, description="Of a body, on average, once the grace is over."
    )
    grace_seconds: float = Field(
        default=3.0, gt=0, description="From the head of an answer until its rate counts."
    )
    connect_seconds: float = Field(default=5.0, gt=0, description="One address may take to answer.")
    max_bytes: int = Field(
        default=20_000_000, ge=1, description="Of a body, as sent and after decompression."
    )
    max_redirects: int = Field(default=5, ge=0, le=20, description="Followed, each judged anew.")
    max_header_bytes: int = Field(default=8_190, ge=256, description="Of one header line.")
    max_headers: int = Field(default=128, ge=8, description="Header lines of one answer.")
    max_head_bytes: int = Field(
        default=65_536, ge=1_024, description="Names and values of all headers of one answer."
    )
    per_host: int = Field(default=8, ge=1, description="Fetches from one host at a time.")
    dns_threads: int = Field(
        default=512,
        ge=1,
        description="Names looked up at a time; a name server that is slow for some names holds a "
        "thread for each, longer than their fetches last, so take several times the concurrency.",
    )
    canary_host: str = Field(
        default="a.root-servers.net",
        min_length=1,
        description="A name that surely exists: when it has no address either, the name server is "
        "at fault and no record is. In a closed network, name a host of it.",
    )


class DecodeLimits(BaseModel):
    """Bounds of one decode, and the shape of what comes out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=2, ge=1, description="Decoder processes.")
    seconds: float = Field(default=20.0, gt=0, description="Wall time of one image.")
    memory_bytes: int = Field(
        default=1_000_000_000, ge=200_000_000, description="Heap of one decoder process."
    )
    max_frames: int = Field(default=2_000, ge=1, description="Of an animation; one is decoded.")
    max_scans: int = Field(
        default=100, ge=1, description="Passes over a JPEG, each of which may touch every pixel."
    )
    max_pixels: int = Field(default=50_000_000, ge=1, description="Width times height.")
    least_side: int = Field(default=64, ge=1, description="Pixels of the shorter side.")
    max_aspect: float = Field(default=8.0, ge=1, description="Longer side over shorter side.")
    rendition_side: int = Field(
        default=1024, ge=64, le=1024, description="Pixels of the rendition's longer side, at most."
    )
    rendition_quality: int = Field(default=90, ge=1, le=100, description="JPEG quality.")
