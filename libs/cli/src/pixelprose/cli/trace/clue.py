"""What a person knows of an image: a URL, or 64 hexadecimal digits of one of its ids."""

import re
from dataclasses import dataclass, field
from typing import Final

from pixelprose.cli.errors import CommandError, WrongUsage
from pixelprose.records import ImageId, Submission, image_id

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_BEGINNING: Final = re.compile("[0-9a-f]{8,63}")


@dataclass(frozen=True, slots=True)
class Clue:
    """What is looked for.

    Attributes:
        digest: a submission_id, image_id, sha256 or row_id: all look alike.
        beginning: the first digits of a submission_id.
        url: canonical.
    """

    digest: str | None = None
    beginning: str | None = None
    url: str | None = None

    @property
    def image(self) -> ImageId | None:
        """The image of a URL."""
        return image_id(self.url) if self.url is not None else None


def clue(text: str) -> Clue:
    """Return what the text is, by its form.

    Raises:
        WrongUsage: it is nothing that is known.
        CommandError: the ingester's rules for URLs are missing.
    """
    text = text.strip()
    if "://" in text:
        return Clue(url=named(text))
    if _DIGEST.fullmatch(text.lower()):
        return Clue(digest=text.lower())
    if _BEGINNING.fullmatch(text.lower()):
        return Clue(beginning=text.lower())
    raise WrongUsage(
        f"{text!r} is no URL and no id: give a URL, 64 hexadecimal digits (submission_id, "
        "image_id, sha256, row_id), or the first 8 or more of a submission_id"
    )


def named(url: str) -> str:
    """Return the URL as the ingester spells it.

    Raises:
        CommandError: the ingester is not installed.
    """
    try:
        from pixelprose.ingester.sources import named as spelled  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise CommandError(
            "to look for a URL, the ingester's rules for spelling them are needed: "
            "pip install 'pixelprose[ingester]'; or give a submission id"
        ) from error
    return spelled(url)


@dataclass(slots=True)
class Known:
    """Who is meant, as far as that is known: it grows while records are found."""

    clue: Clue
    submissions: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    urls: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.clue.image is not None and self.clue.url is not None:
            self.images.add(self.clue.image)
            self.urls.add(self.clue.url)

    def means(self, submission: str | None, image: str | None = None, *others: str | None) -> bool:
        """Return whether a record of these ids is one that is looked for; `others` are hashes."""
        if submission is not None and submission in self.submissions:
            return True
        if self.clue.url is not None:
            return image is not None and image in self.images
        if self.clue.beginning is not None:
            return submission is not None and submission.startswith(self.clue.beginning)
        return self.clue.digest in {submission, image, *others}

    def note(self, submission: Submission) -> None:
        """Learn the ids of a record that is meant."""
        self.submissions.add(submission.submission_id)
        self.images.add(submission.image_id)
        self.urls.add(submission.canonical_url)

    def needles(self) -> frozenset[bytes]:
        """Return what lies as plain text in a record that may be meant, or in its headers."""
        names = {self.clue.digest, self.clue.beginning, *self.submissions, *self.images}
        return frozenset(name.encode() for name in names if name)
