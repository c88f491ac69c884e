"""Which folders and prefixes may be read: none, unless the operator names them."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pixelprose.objectstore import StoreSettings


def _root(path: PurePosixPath) -> PurePosixPath:
    if not path.is_absolute() or ".." in path.parts or path == PurePosixPath("/"):
        raise ValueError("must be an absolute path without `..`, and not the whole machine")
    return path


def _prefix(text: str) -> str:
    scheme, _, rest = text.partition("://")
    bucket, *segments = rest.rstrip("/").split("/")
    if scheme != "s3" or not bucket or {"", ".", ".."} & set(segments):
        raise ValueError("must be s3://bucket or s3://bucket/path/of/folders")
    return text.rstrip("/")


class SourceSettings(BaseModel):
    """What may be read beside the web."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roots: tuple[Annotated[PurePosixPath, AfterValidator(_root)], ...] = Field(
        default=(), description="Folders that file:// sources may be read from; none by default."
    )
    prefixes: tuple[Annotated[str, AfterValidator(_prefix)], ...] = Field(
        default=(),
        description="s3://bucket/path of s3:// sources that may be read; none by default.",
    )
    s3: StoreSettings | None = Field(
        default=None,
        description="The S3 server of s3:// sources (its bucket does not matter); "
        "by default that of the store.",
    )
    threads: int = Field(default=8, ge=1, description="Files and objects read at a time.")

    def buckets(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        """Return the allowed folders of each bucket, as segments; an empty one is all of it."""
        found: dict[str, tuple[tuple[str, ...], ...]] = {}
        for prefix in self.prefixes:
            bucket, *segments = prefix.removeprefix("s3://").split("/")
            found[bucket] = (*found.get(bucket, ()), tuple(segments))
        return found
