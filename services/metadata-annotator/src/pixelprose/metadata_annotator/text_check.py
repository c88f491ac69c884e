"""Words quoted in a caption against words read in the image: a check of what a caption claims."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rapidfuzz import fuzz

from pixelprose.records import TextCheck

# Straight, curly and angled double quotes. Single ones are mostly apostrophes.
_QUOTED: Final = re.compile(r'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»')
_SHORTEST_PART: Final = 3
"""A text of fewer characters must match a whole one: "A" is part of nearly everything."""

_MOST_QUOTES: Final = 100


def quotes(caption: str) -> tuple[str, ...]:
    """The texts in double quotes, at most the first 100 of them."""
    found = (next(filter(None, match.groups())) for match in _QUOTED.finditer(caption))
    return tuple(found)[:_MOST_QUOTES]


def check_text(
    quoted: Sequence[str], words: Sequence[str], *, minimum_similarity: float
) -> TextCheck:
    """Return how well quoted texts and texts read in the image agree.

    Case, and punctuation at the ends, do not count. A quote may go over several lines, and a line
    may hold several quotes. Similarity is rapidfuzz's (normalised Indel).
    """
    said, read = _plain(quoted), _plain(words)
    whole_read, whole_said = " ".join(read), " ".join(said)
    best = [_similarity(one, read, whole_read) for one in said]
    quoted_back = [_similarity(one, said, whole_said) for one in read]
    return TextCheck(
        quoted=len(said),
        found=sum(similarity >= minimum_similarity for similarity in best),
        missing=sum(similarity < minimum_similarity for similarity in quoted_back),
        score=sum(best) / len(best) if said and read else None,
    )


def _plain(texts: Iterable[str]) -> list[str]:
    plain = (" ".join(text.casefold().split()).strip(".,:;!?'- ") for text in texts)
    return [text for text in plain if text]


def _similarity(one: str, others: Sequence[str], whole: str) -> float:
    """The best match in [0, 1]: with one of the others, or with a part of all of them."""
    best = max((fuzz.ratio(one, other) for other in others), default=0.0)
    if _SHORTEST_PART <= len(one) <= len(whole):
        best = max(best, fuzz.partial_ratio(one, whole))
    return best / 100
