"""Personal data out of texts: from findings and rules to a text that can be published."""

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pixelprose.metadata_annotator.policy import PiiRule
from pixelprose.metadata_annotator.ports import Finding
from pixelprose.records import PiiSpan

LINE_BREAK: Final = "\n"


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without what had to go, and what was found in it.

    The spans are positions in *this* text, which is the only one that a reader ever has: of the
    placeholder where something was masked, of the text itself where it was kept. They do not
    overlap, and are in order.
    """

    text: str
    pii: tuple[PiiSpan, ...]


def mask(text: str, findings: Iterable[Finding], rules: Mapping[str, PiiRule]) -> Masked:
    """Return the text with masked findings replaced by their type in angle brackets.

    Findings below their rule's score, and types without a rule, do not count. What overlaps is
    masked as a whole if any of it must be, named after the surest finding.
    """
    parts: list[str] = []
    spans: list[PiiSpan] = []
    done = length = 0
    for one in _resolved(findings, rules):
        masked = rules[one.type].action == "mask"
        shown = f"<{one.type}>" if masked else text[one.start : one.end]
        parts += [text[done : one.start], shown]
        start = length + one.start - done
        length = start + len(shown)
        spans.append(
            PiiSpan(
                type=one.type,
                start=start,
                end=length,
                score=one.score,
                action="masked" if masked else "kept",
            )
        )
        done = one.end
    return Masked("".join([*parts, text[done:]]), tuple(spans))


def mask_lines(
    lines: Sequence[str], findings: Iterable[Finding], rules: Mapping[str, PiiRule]
) -> tuple[str, ...]:
    """Return the lines, masked by findings of `LINE_BREAK.join(lines)`.

    A finding over several lines masks its part of each. The lines are searched as one text, so that
    a number that is broken over lines is found.
    """
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + len(LINE_BREAK))
    found: list[list[Finding]] = [[] for _ in lines]
    for finding in _resolved(findings, rules):
        first = bisect.bisect_right(starts, finding.start) - 1
        for at in range(first, bisect.bisect_left(starts, finding.end, hi=len(lines))):
            start = max(0, finding.start - starts[at])
            end = min(len(lines[at]), finding.end - starts[at])
            if start < end:
                found[at].append(Finding(finding.type, start, end, finding.score))
    return tuple(mask(line, own, rules).text for line, own in zip(lines, found, strict=True))


def _resolved(findings: Iterable[Finding], rules: Mapping[str, PiiRule]) -> list[Finding]:
    """What counts, without overlaps, in order: masked findings are merged and win over kept."""
    counted = [f for f in findings if f.type in rules and f.score >= rules[f.type].minimum_score]
    masked = list(_merged(f for f in counted if rules[f.type].action == "mask"))
    kept = _apart((f for f in counted if rules[f.type].action == "keep"), beside=masked)
    return sorted((*masked, *kept), key=lambda f: f.start)


def _merged(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Overlapping findings as one, of the type of the surest, then longest."""
    group: list[Finding] = []
    end = -1
    for one in sorted(findings, key=lambda f: f.start):
        if group and one.start >= end:
            yield _union(group)
            group = []
        end = max(end, one.end) if group else one.end
        group.append(one)
    if group:
        yield _union(group)


def _union(group: Sequence[Finding]) -> Finding:
    surest = max(group, key=_surety)
    start, end = min(f.start for f in group), max(f.end for f in group)
    return Finding(surest.type, start, end, surest.score)


def _apart(findings: Iterable[Finding], *, beside: Sequence[Finding]) -> list[Finding]:
    """The surest findings that overlap neither each other nor `beside`."""
    chosen: list[Finding] = []
    for one in sorted(findings, key=_surety, reverse=True):
        if all(one.end <= other.start or other.end <= one.start for other in (*beside, *chosen)):
            chosen.append(one)
    return chosen


def _surety(finding: Finding) -> tuple[float, int]:
    return finding.score, finding.end - finding.start
