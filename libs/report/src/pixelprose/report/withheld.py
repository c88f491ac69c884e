"""What must not be seen although it has a caption: refused since, as unsafe or taken down."""

from collections.abc import Iterable, Sequence

from pixelprose.curator import LakeTable
from pixelprose.report.rows import Row

_REASONS = ("blocked", "nsfw", "taken_down")


def apart(rows: Sequence[Row], rejections: LakeTable | None) -> tuple[Sequence[Row], int]:
    """Return the rows that may be seen, and how many may not.

    Whatever shares its bytes or its address with something refused stays unseen: a list or a
    threshold may have changed since the caption was made.

    Raises:
        LakeError: a file is missing, or the store does not answer.
    """
    if rejections is None or not rows:
        return rows, 0
    reasons = _listed(_REASONS)
    found = rejections.records(
        f"select sha256, image_id from t where reason in ({reasons}) "  # noqa: S608 - digests
        f"and (sha256 in ({_listed(row.sha256 for row in rows)}) "
        f"or image_id in ({_listed(row.image_id for row in rows)}))"
    )
    refused = {row["sha256"] for row in found} | {row["image_id"] for row in found}
    seen = [row for row in rows if not {row.sha256, row.image_id} & refused]
    return seen, len(rows) - len(seen)


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(set(values)))
