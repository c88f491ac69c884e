"""How much of a host's time we take, and how long we wait for it."""

from pydantic import BaseModel, ConfigDict, Field


class Bounds(BaseModel):
    """What all replicas together may ask of one registrable domain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_second: float = Field(
        default=10.0, gt=0, description="Requests begun, on average."
    )
    concurrency: int = Field(
        default=8, ge=1, description="Requests at a time; never less than one per replica."
    )


class MannersSettings(BaseModel):
    """Manners towards hosts and publishers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    consent: str = Field(
        default="consent",
        min_length=1,
        description="The consent policy: a packaged one's name, or the path of a YAML file.",
    )
    retry: bool = Field(
        default=True,
        description="Whether what a host may grant later is put off to the retry topics. If not, "
        "it is rejected at once, and what waits for its turn waits in place, however long.",
    )
    tdm_file: bool = Field(
        default=True,
        description="Whether /.well-known/tdmrep.json is asked for: a second request per origin "
        "and day, beside that for robots.txt.",
    )
    per_domain: Bounds = Bounds()
    domains: dict[str, Bounds] = Field(
        default={}, description="Other bounds for single registrable domains (or addresses)."
    )
    longest_wait_seconds: float = Field(
        default=10.0, gt=0, description="How long a record may wait for its turn in place."
    )
    pause_after_failures: int = Field(
        default=10, ge=1, description="Failures of a domain in a row that open its breaker."
    )
    first_pause_seconds: float = Field(
        default=30.0,
        gt=0,
        description="The first pause of a domain; each next one is twice as long.",
    )
    longest_pause_seconds: float = Field(
        default=3_600.0, gt=0, description="The longest pause that we take by ourselves."
    )

    def bounds(self, domain: str) -> Bounds:
        """Return the bounds of one registrable domain."""
        return self.domains.get(domain, self.per_domain)
