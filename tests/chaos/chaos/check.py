"""The checker: from a history to the promises that it breaks. Pure; each check is one promise."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from chaos.history import History, RejectionSeen, Violation
from chaos.pipeline import RETRY_TOPICS

Binding = Callable[[str], int | None]
"""The scene that a caption speaks of, or None where it names none."""

RESTRICTED: Final = "blocked"
"""Rejections for this reason are kept out of the table that people share."""

REFUSED: Final = "duplicate_row"
"""Captions that were rejected for this reason have no row: the table has it, of another attempt."""


GIVEN_UP: Final = "http_server_error"
"""Rejections for this reason: the URL answered so each time that it was asked."""


def check(history: History, *, binding: Binding | None) -> list[Violation]:
    """All broken promises, in the order of the checks.

    Without a `binding` captions don't say which scene they are of, and are not held to it.
    """
    checks: tuple[Callable[[History], Iterator[Violation]], ...] = (
        one_end_each,
        rows_once,
        topics_and_tables_agree,
        nothing_unscreened,
        lambda h: captions_belong(h, binding),
        decisions_as_planned,
        put_off_as_planned,
        never_ahead,
        lag_gone,
        everything_owned,
        nothing_torn,
    )
    return [violation for one in checks for violation in one(history)]


def one_end_each(history: History) -> Iterator[Violation]:
    """Every submission has exactly one terminal state; nobody else has one.

    One without any is lost when all groups have come to their ends, and else without an end yet.
    """
    ends: Counter[tuple[str, int]] = Counter()
    ends.update(c.who for c in history.rows)
    ends.update(r.who for r in history.rejections)
    ends.update(d.who for d in history.dead_letters)
    for sid, planned in history.planned.items():
        found = ends.pop((sid, 0), 0)
        if found != 1:
            missing = "without_end" if history.lagging else "lost"
            kind = "duplicated" if found else missing
            yield Violation(kind, f"{sid[:12]} ({planned.path}) has {found} terminal states")
    for who, found in ends.items():
        yield Violation("stranger", f"{who} has {found} terminal states and was never submitted")


def rows_once(history: History) -> Iterator[Violation]:
    """Row ids are unique, on the topic and in the table."""
    for where, captions in (("topic", history.captions), ("table", history.rows)):
        for row_id, times in Counter(c.row_id for c in captions).items():
            if times > 1:
                yield Violation("duplicated", f"row {row_id[:12]} stands {times} times in {where}")
    for where, images in (("topic", history.annotated), ("table", history.image_rows)):
        for who, times in Counter(images).items():
            if times > 1:
                yield Violation("duplicated", f"image {who} stands {times} times in {where}")


def topics_and_tables_agree(history: History) -> Iterator[Violation]:
    """What the topics say, the tables say: once, but for captions that the sink rejected."""
    refused = {r.who for r in history.rejections if r.reason == REFUSED}
    said = Counter(caption for caption in history.captions if caption.who not in refused)
    kept = Counter(history.rows)
    rejected = Counter(r for r in history.rejections if r.reason != RESTRICTED)
    in_table = Counter(history.rejection_rows)
    images, image_rows = Counter(history.annotated), Counter(history.image_rows)
    for one in (*(said - kept), *(rejected - in_table), *(images - image_rows)):
        yield Violation("lost", f"on the topic, not in the table: {one}")
    for one in (*(kept - said), *(in_table - rejected), *(image_rows - images)):
        yield Violation("duplicated", f"more often in the table than on the topic: {one}")


def nothing_unscreened(history: History) -> Iterator[Violation]:
    """What can be read outside of quarantine was screened, and is not unsafe."""
    screened = {image.sha256 for image in history.screened}
    shown = {key.split("/")[1] for key in history.stored.etags if key.startswith("images/")}
    shown |= {caption.sha256 for caption in (*history.captions, *history.rows)}
    for sha256 in sorted(shown):
        if sha256 not in screened:
            yield Violation("unscreened", f"{sha256} is outside of quarantine, never screened")
        if history.scenes.get(sha256) in history.unsafe:
            yield Violation("unsafe", f"{sha256}, scene {history.scenes[sha256]}, must be rejected")
    ours = ("images", "lake", "probe", "quarantine", "receipts", "robots", "seen", "tdmrep")
    known = tuple(f"{prefix}/" for prefix in ours)
    for key in history.stored.etags:
        if not key.startswith(known):
            yield Violation("stranger", f"an object under {key}")


def captions_belong(history: History, binding: Binding | None) -> Iterator[Violation]:
    """A caption names the image whose hash stands beside it, behind the URL that was submitted."""
    for caption in (*history.captions, *history.rows):
        planned = history.planned.get(caption.who[0])
        if planned is None:
            continue  # told by `one_end_each`
        scene = history.scenes.get(caption.sha256)
        if caption.url != f"{history.address}/{planned.path}":
            yield Violation("mixed_up", f"{caption.who[0][:12]} has the URL {caption.url}")
        if scene not in planned.scenes:
            yield Violation("mixed_up", f"{planned.path} has the image of scene {scene}")
        if binding is not None and (said := binding(caption.text)) != scene:
            yield Violation("mixed_up", f"{planned.path}: image {scene}, caption of {said}")


def decisions_as_planned(history: History) -> Iterator[Violation]:
    """No dead letter is deserved here; where there is no image, none has a row."""
    for dead in history.dead_letters:
        yield Violation(
            "dead_letter", f"{dead.who[0][:12]} in {dead.topic}: {dead.reason} {dead.error}"
        )
    by_image: defaultdict[tuple[int, ...], list[RejectionSeen | None]] = defaultdict(list)
    rejected = {rejection.who[0]: rejection for rejection in history.rejections}
    for sid, planned in history.planned.items():
        if planned.kind in {"image", "twin"}:
            by_image[planned.scenes].append(rejected.get(sid))
    for scenes, ends in by_image.items():
        if all(end is not None and end.reason == "duplicate_content" for end in ends):
            yield Violation("lost", f"scene {scenes}: each submission was told it is a duplicate")


def put_off_as_planned(history: History) -> Iterator[Violation]:
    """Each delivery is put off for the n-th time at most once, and as often as there are tiers.

    What is always busy is put off as often before it is given up; what is busy less often is not
    given up. Which tier it is each time is the service's affair.
    """
    found = Counter((one.who, one.times) for one in history.put_off)
    for (who, number), times in found.items():
        if times > history.deliveries.get(who, 0) or number > len(RETRY_TOPICS):
            yield Violation("duplicated", f"{who} was put off for time {number}: {times} times")
    given_up = {r.who[0]: r for r in history.rejections if r.reason == GIVEN_UP}
    for sid, planned in history.planned.items():
        missed = [n for n in range(1, len(RETRY_TOPICS) + 1) if not found[(sid, 0), n]]
        if planned.kind == "always_busy" and missed and sid in given_up:
            yield Violation("impatient", f"{sid[:12]} ({planned.path}): no time {missed}")
        if planned.kind == "busy_first" and sid in given_up:
            yield Violation("impatient", f"{sid[:12]} ({planned.path}): {given_up[sid]}")


def never_ahead(history: History) -> Iterator[Violation]:
    """No committed position was ever ahead of durable output."""
    for one in history.ahead:
        yield Violation("ahead", str(one))


def lag_gone(history: History) -> Iterator[Violation]:
    """After the last fault every group comes to the end of its topic, as a scaler sees it."""
    for group in history.lagging:
        yield Violation("lag", group)


def everything_owned(history: History) -> Iterator[Violation]:
    """Claims, receipts and objects have owners."""
    stored = history.stored
    brought = {(image.who[0], image.sha256) for image in history.fetched}
    duplicates = {r.who[0] for r in history.rejections if r.reason == "duplicate_content"}
    for sha256, owner in stored.claims.items():
        if owner in duplicates or (owner, sha256) not in brought:
            yield Violation(
                "unowned", f"the claim of {sha256} by {owner[:12]}, who did not bring it"
            )
    for sid in stored.receipts:
        if sid.split(".")[0] not in history.planned:
            yield Violation("unowned", f"the receipt of {sid}, which was never submitted")
    for image in history.fetched:
        if stored.receipts.get(image.who[0]) != image.sha256:
            yield Violation("unowned", f"{image.who[0][:12]} went on without its receipt")
    if stored.halves and not history.store_kills:
        yield Violation("unowned", f"half uploads of a store that nobody killed: {stored.halves}")
    accepted = set(stored.receipts.values())
    for sha256 in _quarantined(history) - accepted:
        if not _may_expire(history, sha256):
            yield Violation("unowned", f"quarantine/{sha256} belongs to no receipt")


def nothing_torn(history: History) -> Iterator[Violation]:
    """Originals are whole."""
    for key, etag in history.stored.etags.items():
        expected = history.md5s.get(key.split("/")[1]) if key.endswith("/original") else None
        if expected is not None and etag != expected:
            yield Violation("torn", f"{key} is not what was served")


def _quarantined(history: History) -> set[str]:
    return {key.split("/")[1] for key in history.stored.etags if key.startswith("quarantine/")}


def _may_expire(history: History, sha256: str) -> bool:
    # Bytes that a killed ingester put before its receipt, and that the URL no longer answers
    # with: the bucket's lifecycle ends them after seven days.
    scene = history.scenes.get(sha256)
    return any(
        scene in planned.scenes
        for planned in history.planned.values()
        if planned.kind in {"gone_later", "other_later"}
    )
