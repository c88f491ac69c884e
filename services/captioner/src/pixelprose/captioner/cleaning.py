"""From what a model said to the caption that is kept."""

import re
from dataclasses import dataclass
from typing import Final

from pixelprose.captioner.policy import Policy

# After a full stop (and what closes after it), or at a line's end.
_BETWEEN_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+|(?<=[.!?][\"')\]\u201d])\s+|\n+")
# A quotation mark after the opening closes one before it only if a space follows.
_MARKS: Final = r"[\s:;,.*_\u2013\u2014-]*(?:[\"\u201d]\s+)?"
_ARTICLES: Final = re.compile(
    r"^(?:(?:and|or|there (?:is|are)|nor?|not|any|an?|the)\s+)+", re.IGNORECASE
)
_NOTHING: Final = frozenset({"", "none", "nothing"})
_QUOTES: Final = (('"', '"'), ("'", "'"), ("\u201c", "\u201d"))


@dataclass(frozen=True, slots=True)
class CleanCaption:
    """The description alone, on one line, and the things said to be absent."""

    text: str
    absent: tuple[str, ...]


class Cleaner:
    """Takes away what the policy made the model say: opening, absent sentence, leaked prompt."""

    def __init__(self, policy: Policy) -> None:
        self._opening = _leading(policy.opening)
        self._absent = _leading(policy.absent.opening)
        self._max_items = policy.absent.max_items
        self._length = policy.leaks.words
        self._phrases = tuple(" ".join(words(phrase)) for phrase in policy.leaks.phrases)
        self._leaks = {
            ngram for text in policy.instructions for ngram in ngrams(words(text), self._length)
        }

    def __call__(self, raw: str) -> CleanCaption:
        """Return the caption; its text is empty where nothing was said about the image."""
        body = self._opening.sub("", _unquoted(raw.strip()))
        kept: list[str] = []
        absent: list[str] = []
        for sentence in _BETWEEN_SENTENCES.split(body):
            closing = self._absent.match(sentence)
            if closing:
                absent += _items(sentence[closing.end() :])
            elif not self._leaked(sentence):
                kept.append(sentence)
        distinct = {item.casefold(): item for item in reversed(absent)}
        listed = tuple(reversed(distinct.values()))[: self._max_items]
        return CleanCaption(" ".join(" ".join(kept).split()), listed)

    def _leaked(self, sentence: str) -> bool:
        said = words(sentence)
        line = f" {' '.join(said)} "
        return any(f" {phrase} " in line for phrase in self._phrases) or any(
            ngram in self._leaks for ngram in ngrams(said, self._length)
        )


def words(text: str) -> list[str]:
    """Return the words of `text`, case folded; straight and curly apostrophes are inside words."""
    return re.findall(r"\w+(?:'\w+)*", text.replace("\u2019", "'").casefold())


def ngrams(said: list[str], length: int) -> list[tuple[str, ...]]:
    """Return every run of `length` words, in order."""
    return [tuple(said[at : at + length]) for at in range(len(said) - length + 1)]


def _leading(opening: str) -> re.Pattern[str]:
    """Match `opening` at the start, whatever its case, spaces and punctuation."""
    said = r"[\W_]+".join(map(re.escape, words(opening)))
    return re.compile(rf"\A[\s*_#\"'\u201c]*{said}\b{_MARKS}", re.IGNORECASE)


def _unquoted(text: str) -> str:
    """The text without quotation marks around all of it."""
    for left, right in _QUOTES:
        inner = text[1:-1]
        if text.startswith(left) and text.endswith(right) and left not in inner:
            return inner if right not in inner else text
    return text


def _items(listing: str) -> list[str]:
    """The things of `a, b, and c.`, without articles."""
    *most, last = re.split(r"[,;]", listing.strip().rstrip(".!"))
    items = (
        _ARTICLES.sub("", item.strip()) for item in (*most, *re.split(r"\b(?:and|or)\b", last))
    )
    return [item for item in items if item.casefold() not in _NOTHING]
