"""PixelProse's 28 columns, and what each is in our captions table."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Counterpart:
    """One of the 28 columns.

    Attributes:
        name, type: as released.
        sql: an expression over `captions`, in SQL that DuckDB and DataFusion take alike; None where
            it takes more than SQL, which `note` says.
        note: what differs.
    """

    name: str
    type: str
    sql: str | None
    note: str = ""


def _score(name: str) -> Counterpart:
    return Counterpart(name, "float64", f"annotation['toxicity']['{name}']")


_HASHED: Final = "A keyed hash in an export: the name is personal data."

PIXELPROSE_28: Final = (
    Counterpart("uid", "string", "image_id"),
    Counterpart("url", "string", "source['url']"),
    Counterpart("key", "string", "substr(row_id, 1, 9)", "Theirs numbers the files of a download."),
    Counterpart("status", "string", "'success'", "What did not succeed is in `rejections`."),
    Counterpart("original_caption", "string", "source['alt_text']"),
    Counterpart("vlm_model", "string", "caption['model']['name']"),
    Counterpart(
        "vlm_caption", "string", "caption['text']", "Clean: opening phrase and absences apart."
    ),
    _score("toxicity"),
    _score("severe_toxicity"),
    _score("obscene"),
    _score("identity_attack"),
    _score("insult"),
    _score("threat"),
    _score("sexual_explicit"),
    Counterpart(
        "watermark_class_id",
        "float64",
        "case signals['watermark'] when 'watermark' then 0.0 when 'none' then 1.0 else 2.0 end",
    ),
    Counterpart(
        "watermark_class_score",
        "float64",
        None,
        "`signals.watermark_scores` at the key `signals.watermark`.",
    ),
    Counterpart(
        "aesthetic_score", "float64", "signals['aesthetic']", "Of another scorer; see its model."
    ),
    Counterpart("error_message", "null", "null"),
    Counterpart("width", "int64", "image['rendition_width']"),
    Counterpart("height", "int64", "image['rendition_height']"),
    Counterpart("original_width", "int64", "image['width']"),
    Counterpart("original_height", "int64", "image['height']"),
    Counterpart("exif", "string", None, "`image.exif` as JSON: allowed tags alone, never a place."),
    Counterpart("sha256", "string", "sha256"),
    Counterpart("image_id", "string", None, "`source.fields` at `image_id` (RedCaps)."),
    Counterpart("author", "string", None, f"`source.fields` at `author` (RedCaps). {_HASHED}"),
    Counterpart("subreddit", "int64", None, "`source.fields` at `subreddit` (RedCaps)."),
    Counterpart("score", "int64", None, "`source.fields` at `score` (RedCaps); -1 elsewhere."),
)
