"""What the page says about one caption: everything is text here, nothing is markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pixelprose.report.lineage import Fact, Step, facts, models, steps
from pixelprose.report.masking import masked, personal_boxes
from pixelprose.report.pictures import NoPicture, Picture
from pixelprose.report.rows import Row

_LONGEST_SHOWN_URL = 80
_LAST_CONTROL = 0x9F


@dataclass(frozen=True, slots=True)
class Score:
    """A score, in figures and as a share of its range."""

    name: str
    share: float
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One caption beside its picture and its alt text.

    Attributes:
        link: the page's way to the source, for addresses of the web alone.
        asked: whether the prompt asked for absent things.
        covered: whether words in the picture are covered, since they are personal data.
        model: name of the captioning model.
    """

    number: int
    picture: Picture | NoPicture
    covered: bool
    caption: str
    language: str
    absent: Sequence[str]
    asked: bool
    alt_text: str | None
    alt_language: str | None
    source: str
    kind: str
    policy: str
    model: str
    words: int
    style: str
    watermark: str
    read: Sequence[str]
    scores: Sequence[Score]
    ordered_by: Mapping[str, float]
    address: str
    link: str | None
    licence: str
    licence_link: str | None
    credit: str | None
    steps: Sequence[Step]
    models: Sequence[Fact]
    facts: Sequence[Fact]


def card(number: int, row: Row, picture: Picture | NoPicture) -> Card:
    """Return the card of a row, masked as far as the row knows what is personal."""
    caption, signals, source = row.caption, row.signals, row.source
    spans = signals.alt_text.pii
    return Card(
        number=number,
        picture=picture,
        covered=bool(personal_boxes(signals.words)),
        caption=visible(masked(caption.text, row.annotation.pii)),
        language=caption.language,
        absent=[visible(one) for one in caption.absent],
        asked=caption.absent_requested,
        alt_text=visible(masked(source.alt_text, spans)) if source.alt_text else None,
        alt_language=signals.alt_text.language,
        source=row.dataset,
        kind=caption.kind,
        policy=caption.policy,
        model=caption.model.name,
        words=row.annotation.linguistics.words,
        style=signals.style,
        watermark=signals.watermark,
        read=[visible(word.text) for word in signals.words],
        scores=scores(row),
        ordered_by=ordered_by(row),
        address=_shortened(visible(source.url)),
        link=web(source.url),
        licence=f"{row.rights.licence or 'licence not known'} ({row.rights.basis})",
        licence_link=web(row.rights.licence_url),
        credit=row.rights.attribution,
        steps=steps(row),
        models=models(row),
        facts=facts(row),
    )


def scores(row: Row) -> Sequence[Score]:
    """Return the scores that say whether a caption is any good, and fit to be used."""
    signals, annotation = row.signals, row.annotation
    found = [
        Score(
            "aesthetic",
            (signals.aesthetic - 1) / 9,
            f"{signals.aesthetic:.1f} of 10",
        ),
        _share("watermark", signals.watermark_scores.get("watermark", 0.0)),
        _share("toxicity", annotation.toxicity.toxicity),
    ]
    if signals.alt_text.toxicity is not None:
        found.append(_share("alt text's toxicity", signals.alt_text.toxicity.toxicity))
    if annotation.text_check.score is not None:
        found.append(_share("words right", annotation.text_check.score))
    return found


def ordered_by(row: Row) -> Mapping[str, float]:
    """Return what cards can be ordered by."""
    return {
        "words": row.annotation.linguistics.words,
        "aesthetic": row.signals.aesthetic,
        "watermark": row.signals.watermark_scores.get("watermark", 0.0),
        "toxicity": row.annotation.toxicity.toxicity,
    }


def _share(name: str, value: float) -> Score:
    return Score(name, value, f"{value:.2f}")


def web(url: str | None) -> str | None:
    """Return an address of the web; None for any other, which may be a script."""
    try:
        scheme = urlsplit(url or "").scheme
    except ValueError:
        return None
    return url if scheme in {"http", "https"} else None


def visible(text: str) -> str:
    """Return text without control characters, which HTML does not know."""
    return "".join(
        one
        if one.isprintable() or one in "\n\t" or ord(one) > _LAST_CONTROL
        else "\N{REPLACEMENT CHARACTER}"
        for one in text
    )


def _shortened(url: str) -> str:
    half = _LONGEST_SHOWN_URL // 2
    return url if len(url) <= _LONGEST_SHOWN_URL else f"{url[:half]}…{url[-half:]}"
