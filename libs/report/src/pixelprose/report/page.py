"""The page: one file of HTML that needs nothing beside it, and lets nothing in."""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pixelprose.records.counted import counted
from pixelprose.report.cards import Card
from pixelprose.report.ends import End
from pixelprose.report.figures import figure
from pixelprose.report.request import Request
from pixelprose.report.survey import Survey

_PACKAGE = "pixelprose.report"

_ORDERS = (
    ("aesthetic down", "aesthetic, best first"),
    ("aesthetic up", "aesthetic, worst first"),
    ("watermark down", "watermark, likeliest first"),
    ("toxicity down", "toxicity, highest first"),
    ("words down", "longest caption first"),
    ("words up", "shortest caption first"),
)
"""What pictures can be ordered by: attribute and way, and what people are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that the page shows.

    Attributes:
        where_it_is: the tables' place, without anything secret.
        version: of the table `captions`; None where there is none.
        stored: rows of that table, whether they fit the filter or not.
        withheld: captions that were passed over, since their picture must not be seen.
    """

    where_it_is: str
    version: int | None
    made_at: datetime
    request: Request
    command: str
    stored: int
    survey: Survey | None
    ends: Sequence[End]
    cards: Sequence[Card]
    withheld: int


def render(contents: Contents) -> str:
    """Return the page. Whatever came from outside is escaped, and no script but ours may run."""
    root = files(_PACKAGE) / "page"
    style, script = ((root / name).read_text("utf-8") for name in ("style.css", "script.js"))
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    survey = contents.survey
    return environment.get_template("page.html").render(
        contents=contents,
        counted=counted,
        tiles=tiles(contents),
        again=sum(end.again for end in contents.ends),
        demo=any(card.model.startswith("demo-") for card in contents.cards),
        most=max((end.count for end in contents.ends), default=0) or 1,
        choices=_choices(contents.cards),
        orders=_ORDERS,
        plots=[figure(one) for one in survey.distributions] if survey else [],
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        policy=_policy(style, script),
    )


def tiles(contents: Contents) -> Sequence[tuple[str, str, str]]:
    """Return the figures that people look for first: name, value, note."""
    ended: Counter[str] = Counter()
    for end in contents.ends:
        ended[end.state] += end.count
    survey = contents.survey
    rows = survey.rows if survey else 0
    note = "" if rows == contents.stored else f"of {contents.stored:,}"
    found = [
        ("Captions", f"{rows:,}", note),
        ("Rejected", f"{ended['rejected']:,}", ""),
        ("Dead letters", f"{ended['dead letter']:,}", ""),
    ]
    if survey and rows:
        lengths = survey.histograms["words"]
        found += [
            ("Sources", f"{len(survey.tallies['sources'].counts):,}", ""),
            ("Median length", f"{lengths.quantile(0.5):g}", lengths.of.unit),
        ]
    return found


def _choices(cards: Sequence[Card]) -> Sequence[tuple[str, str, Sequence[str]]]:
    """Return what pictures can be filtered by: attribute, title, values."""
    return [
        (name, name.capitalize(), sorted({getattr(card, name) for card in cards}))
        for name in ("source", "kind", "policy")
    ]


def _policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy: our style, our script, pictures inside the page."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src {_source(style)}",
            f"script-src {_source(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
