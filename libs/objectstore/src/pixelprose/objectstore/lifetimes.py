"""How long what the ingester wrote stays in the store."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Objects below a prefix, with this last part of their key where one is named."""

    prefix: str
    days: int
    name: str = ""


class ExpirySettings(BaseModel):
    """How long the store keeps what the ingester wrote, by rules of the bucket or by a sweep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: Literal["set", "left"] = Field(
        default="set",
        description="Whether the rules are written at the start, where the bucket has none of "
        "others; the store's own sweep enforces them, or `pixelprose expire` where it has none.",
    )
    quarantine_days: int = Field(
        default=7, ge=2, description="Unscreened images, originals and renditions."
    )
    originals_days: int | None = Field(
        default=None,
        ge=2,
        description="Originals that the safety-filter let out. Rules can't tell them from "
        "renditions: `pixelprose expire` deletes them. By default they stay as long as these.",
    )
    receipts_days: int = Field(
        default=30, ge=15, description="Decisions; longer than the topics keep what was decided."
    )
    site_files_days: int = Field(default=31, ge=2, description="Copies of robots.txt and such.")

    def days(self) -> dict[str, int]:
        """Return the days by prefix: what rules of a bucket can say."""
        return {
            "quarantine/": self.quarantine_days,
            "receipts/": self.receipts_days,
            "robots/": self.site_files_days,
            "tdmrep/": self.site_files_days,
        }

    def lifetimes(self) -> Iterator[Lifetime]:
        """Yield all that ends, also what no rule can name."""
        yield from (Lifetime(prefix, days) for prefix, days in self.days().items())
        if self.originals_days is not None:
            yield Lifetime("images/", self.originals_days, name="original")
