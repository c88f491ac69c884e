"""Every reason and code that a record may carry."""

from collections.abc import Iterator, Mapping

import msgspec

from pixelprose.cli.reference.markdown import code, table, title
from pixelprose.records import codes

_HEAD = """\
Codes are strings: lists grow, and a reader should expect one that it does not know. Counts by
reason are in [`pixelprose_reasons_total`](metrics.md), in `pixelprose table show`, and in the
column `reason` of [`rejections`](tables.md#rejections).
"""
_TOLD = {
    "skip_reasons": (
        "Skipped",
        "Done already, or not for here: counted, and no end of its own.",
    ),
    "dead_letter_reasons": (
        "Dead letters",
        "The original bytes lie in a dead-letter topic; [what to do](../how-to/dead-letters.md).",
    ),
    "redrive_actions": ("Redrives", "What was decided about a dead letter or a rejection."),
    "rights_basis": ("Rights", "`rights.basis`: why we believe in a licence."),
    "review_states": ("Reviews", "Of a safety incident."),
    "watermark_classes": ("Watermarks", "`signals.watermark`."),
    "styles": ("Styles", "`signals.style`."),
    "pii_types": ("Types of personal data", "What stands in angle brackets where it was masked."),
    "pii_actions": ("What was done with it", "To each span of personal data."),
    "finish_reasons": ("Ends of a caption", "`caption.finish_reason`."),
    "takedown_kinds": ("Takedowns", "What a takedown names."),
}


def page() -> str:
    """Return the page."""
    parts = [title("Codes and reasons", source="`schemas/codes.yaml`"), _HEAD, *_rejections()]
    for name, meanings in msgspec.structs.asdict(codes()).items():
        if name in _TOLD:
            heading, said = _TOLD[name]
            parts += [f"## {heading}\n", f"{said}\n", _table(meanings)]
    return "\n".join(parts)


def _rejections() -> Iterator[str]:
    known = codes()
    yield "## Rejections\n"
    yield (
        "An expected no, by the service that says it. `pixelprose retry --reason REASON` tries\n"
        "again; not those that are final.\n"
    )
    for stage, meanings in known.reasons.items():
        yield f"### {'Any service' if stage == 'any' else f'`{stage}`'}\n"
        yield table(
            ("reason", "meaning", "final, because"),
            (
                (code(reason), meaning, known.final_reasons.get(reason, ""))
                for reason, meaning in meanings.items()
            ),
        )


def _table(meanings: Mapping[str, str]) -> str:
    return table(("code", "meaning"), ((code(one), said) for one, said in meanings.items()))
