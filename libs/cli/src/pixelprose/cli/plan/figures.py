"""The numbers a plan stands on: what each means, and whether it was measured or given.

None has a value of its own: a figure that nobody measured or gave is unknown, and so is what
depends on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pixelprose.cli.errors import WrongUsage

Origin = Literal["measured", "given", "counted in the code", "one each, unless given"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a figure says. `whole` stands for counts; else it is any number from 0 on."""

    text: str
    unit: str
    most: float | None = None


STAGES: Final = ("ingester", "safety-filter", "annotator", "captioner")

MEANINGS: Final[Mapping[str, Meaning]] = {
    "share.fetched": Meaning("of the URLs, those whose image is kept for screening", "", 1),
    "share.screened": Meaning("of these, those that are no NSFW, and were annotated", "", 1),
    "share.asked": Meaning("of these, those that were worth a caption, and asked about", "", 1),
    "share.captioned": Meaning("of these, those whose caption was kept", "", 1),
    "rate.ingester": Meaning("URLs a second, one process", "/s"),
    "rate.safety-filter": Meaning("images a second, one process", "/s"),
    "rate.annotator": Meaning("images a second, one process", "/s"),
    "rate.captioner": Meaning("captions a second, one process", "/s"),
    "processes.ingester": Meaning("processes", ""),
    "processes.safety-filter": Meaning("processes", ""),
    "processes.annotator": Meaning("processes", ""),
    "processes.captioner": Meaning("processes (GPUs)", ""),
    "bytes.original": Meaning("of an image as it was published", "B"),
    "bytes.rendition": Meaning("of our rendition of it", "B"),
    "bytes.image_row": Meaning("of an annotated image, in the table", "B"),
    "bytes.caption_row": Meaning("of a caption, in the table", "B"),
    "bytes.rejection_row": Meaning("of a rejection, in the table", "B"),
    "redirects": Meaning("a URL", ""),
    "price.gpu_hour": Meaning("an hour of one captioner's GPU", ""),
    "price.process_hour": Meaning("an hour of one other process", ""),
    "price.tb_month": Meaning("a TB stored, a month", ""),
    "price.tb_in": Meaning("a TB fetched from the web", ""),
    "price.million_writes": Meaning("a million writing requests to the store", ""),
    "price.million_reads": Meaning("a million reading requests to the store", ""),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and where it comes from."""

    value: float
    origin: Origin


Figures = Mapping[str, Figure]

BY_DEFAULT: Final[Figures] = {
    f"processes.{stage}": Figure(1, "one each, unless given") for stage in STAGES
}


def given(assumptions: Iterable[str]) -> Figures:
    """Return what `NAME=VALUE` texts give.

    Raises:
        WrongUsage: a name that means nothing here, or a value that cannot be.
    """
    found = {}
    for text in assumptions:
        name, equals, value = text.partition("=")
        if not equals or name not in MEANINGS:
            raise WrongUsage(f"--assume {text!r}: give NAME=VALUE, with a NAME of {_names()}")
        found[name] = Figure(_number(name, value), "given")
    return found


def _number(name: str, text: str) -> float:
    most = MEANINGS[name].most
    try:
        value = float(text)
    except ValueError as error:
        raise WrongUsage(f"--assume {name}: {text!r} is no number") from error
    if not 0 <= value < float("inf") or (most is not None and value > most):
        raise WrongUsage(f"--assume {name}: {text} is not from 0 to {most or 'any number'}")
    return value


def _names() -> str:
    return ", ".join(MEANINGS)


def count_of(text: str) -> int:
    """Return the number that `10M`, `250k` or `1000` says.

    Raises:
        WrongUsage: it says none.
    """
    powers = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000, "b": 1_000_000_000}
    power = powers.get(text[-1:].casefold(), 1)
    try:
        number = float(text[:-1] if power > 1 else text.replace("_", "")) * power
    except ValueError as error:
        raise WrongUsage(f"--urls {text!r}: give a number such as 250k, 10M or 5000") from error
    if not 1 <= number < float("inf"):
        raise WrongUsage(f"--urls {text!r}: give one or more")
    return round(number)
