"""A checker that never fails proves nothing: each forged history is refused, and why."""

import dataclasses
from collections.abc import Callable

import pytest

from chaos.canary.code import caption_of, is_unsafe, seed_in
from chaos.check import check
from chaos.history import (
    Ahead,
    CaptionSeen,
    DeadLetterSeen,
    History,
    PassedSeen,
    PutOffSeen,
    RejectionSeen,
    Stored,
)
from chaos.pipeline import RETRY_TOPICS
from chaos.plan import Planned

SITE = "http://site"
SCENE, TWIN, UNSAFE, OTHER = "aa" * 32, "aa" * 32, "bb" * 32, "cc" * 32

PLANNED = {
    "s0": Planned(0, "image", "scene/1.jpg", (1,)),
    "s1": Planned(1, "twin", "copy/1/scene/1.jpg", (1,)),
    "s2": Planned(2, "unsafe", "unsafe/9.jpg", (9,)),
    "s3": Planned(3, "missing", "404/5", ()),
    "s4": Planned(4, "other_later", "other-later/8/scene/7.jpg", (7, 8)),
    "s5": Planned(5, "always_busy", "503/6", ()),
    "s6": Planned(6, "busy_first", "busy/1/scene/3.jpg", (3,)),
}
ROW = CaptionSeen(("s0", 0), "r0", SCENE, "p/1", caption_of(1), f"{SITE}/scene/1.jpg")
CHANGED = CaptionSeen(
    ("s4", 0), "r4", OTHER, "p/1", caption_of(8), f"{SITE}/other-later/8/scene/7.jpg"
)
DUPLICATE = RejectionSeen(("s1", 0), "ingester", "duplicate_content", "s0")
NSFW = RejectionSeen(("s2", 0), "safety-filter", "nsfw")
MISSING = RejectionSeen(("s3", 0), "ingester", "http_not_found")
BUSY = RejectionSeen(("s5", 0), "ingester", "http_server_error")
TIMEOUT = RejectionSeen(("s6", 0), "ingester", "timeout")
REJECTIONS = (DUPLICATE, NSFW, MISSING, BUSY, TIMEOUT)
PUT_OFF = (
    *(PutOffSeen(("s5", 0), times + 1) for times in range(len(RETRY_TOPICS))),
    PutOffSeen(("s6", 0), 1),
)

GOOD = History(
    planned=PLANNED,
    address=SITE,
    scenes={SCENE: 1, UNSAFE: 9, OTHER: 8, "dd" * 32: 7},
    md5s={SCENE: "m1"},
    unsafe=frozenset({9}),
    fetched=(
        PassedSeen(("s0", 0), SCENE),
        PassedSeen(("s2", 0), UNSAFE),
        PassedSeen(("s4", 0), OTHER),
    ),
    screened=(PassedSeen(("s0", 0), SCENE), PassedSeen(("s4", 0), OTHER)),
    captions=(ROW, CHANGED),
    rejections=REJECTIONS,
    dead_letters=(),
    rows=(ROW, CHANGED),
    rejection_rows=REJECTIONS,
    annotated=(("s0", 0), ("s4", 0)),
    image_rows=(("s0", 0), ("s4", 0)),
    deliveries={(sid, 0): 1 for sid in PLANNED},
    put_off=PUT_OFF,
    stored=Stored(
        etags={
            f"quarantine/{SCENE}/original": "m1",
            f"quarantine/{UNSAFE}/original": "m9",
            f"quarantine/{'dd' * 32}/original": "m7",
            f"images/{SCENE}/rendition.jpg": "x",
            f"images/{OTHER}/rendition.jpg": "y",
            "lake/captions/part.parquet": "z",
        },
        claims={SCENE: "s0", UNSAFE: "s2", OTHER: "s4"},
        receipts={
            "s0": SCENE,
            "s1": SCENE,
            "s2": UNSAFE,
            "s3": None,
            "s4": OTHER,
            "s5": None,
            "s6": None,
        },
    ),
    store_kills=0,
    ahead=(),
    lagging=(),
)

Forge = Callable[[History], History]


def changed(**values: object) -> Forge:
    return lambda history: dataclasses.replace(history, **values)  # type: ignore[arg-type]


def stored(**values: object) -> Forge:
    return changed(stored=dataclasses.replace(GOOD.stored, **values))  # type: ignore[arg-type]


def both(row: CaptionSeen) -> Forge:
    """The row in the place of the first, on the topic and in the table."""
    return changed(captions=(row, CHANGED), rows=(row, CHANGED))


def test_a_good_history_breaks_no_promise() -> None:
    assert check(GOOD, binding=seed_in) == []


def test_a_killed_store_may_leave_halves_of_uploads() -> None:
    halves = dataclasses.replace(GOOD.stored, halves=("receipts/s0-half",))
    assert not check(dataclasses.replace(GOOD, stored=halves, store_kills=1), binding=seed_in)


def test_a_caption_that_the_sink_rejected_is_not_missed_in_the_table() -> None:
    refused = RejectionSeen(("s4", 0), "sink", "duplicate_row", "s0")
    history = dataclasses.replace(
        GOOD,
        captions=(ROW, dataclasses.replace(CHANGED, row_id="r0")),
        rows=(ROW,),
        rejections=(*GOOD.rejections, refused),
        rejection_rows=(*GOOD.rejection_rows, refused),
    )
    (violation,) = check(history, binding=seed_in)
    assert violation.kind == "duplicated", "nobody is put back here: the topic must not have it"


FORGED: dict[str, tuple[str, Forge]] = {
    "a submission is lost": ("lost", changed(captions=(CHANGED,), rows=(CHANGED,))),
    "a submission has no end yet": (
        "without_end",
        changed(captions=(CHANGED,), rows=(CHANGED,), lagging=("captioner waits",)),
    ),
    "a row is on the topic alone": ("lost", changed(rows=(CHANGED,))),
    "a rejection is lost": (
        "lost",
        changed(rejections=REJECTIONS[1:], rejection_rows=REJECTIONS[1:]),
    ),
    "a rejection is on the topic alone": ("lost", changed(rejection_rows=REJECTIONS[1:])),
    "a row is doubled in the table": ("duplicated", changed(rows=(ROW, ROW, CHANGED))),
    "a caption is doubled on the topic": ("duplicated", changed(captions=(ROW, ROW, CHANGED))),
    "an image is doubled in the table": (
        "duplicated",
        changed(image_rows=(*GOOD.image_rows, ("s0", 0))),
    ),
    "an image is doubled on the topic, and in the table": (
        "duplicated",
        changed(annotated=(*GOOD.annotated, ("s0", 0)), image_rows=(*GOOD.image_rows, ("s0", 0))),
    ),
    "an image is on the topic alone": ("lost", changed(image_rows=(("s4", 0),))),
    "an image is in the table alone": ("duplicated", changed(annotated=(("s4", 0),))),
    "a rejection is doubled": (
        "duplicated",
        changed(rejections=(*REJECTIONS, MISSING)),
    ),
    "a submission has a row and a rejection": (
        "duplicated",
        changed(
            rejections=(*GOOD.rejections, RejectionSeen(("s0", 0), "captioner", "empty_caption")),
            rejection_rows=(
                *GOOD.rejection_rows,
                RejectionSeen(("s0", 0), "captioner", "empty_caption"),
            ),
        ),
    ),
    "two submissions share a row id": (
        "duplicated",
        changed(
            captions=(ROW, dataclasses.replace(CHANGED, row_id="r0")),
            rows=(ROW, dataclasses.replace(CHANGED, row_id="r0")),
        ),
    ),
    "all twins are called duplicates": (
        "lost",
        changed(
            captions=(CHANGED,),
            rows=(CHANGED,),
            rejections=(
                dataclasses.replace(DUPLICATE, who=("s0", 0)),
                *GOOD.rejections,
            ),
        ),
    ),
    "somebody was never submitted": (
        "stranger",
        changed(rejections=(*GOOD.rejections, RejectionSeen(("s9", 0), "ingester", "too_small"))),
    ),
    "a caption of another image": (
        "mixed_up",
        both(dataclasses.replace(ROW, text=caption_of(8))),
    ),
    "a caption that names no scene": (
        "mixed_up",
        both(dataclasses.replace(ROW, text="This image displays: a red circle.")),
    ),
    "an image of another URL": ("mixed_up", both(dataclasses.replace(ROW, sha256=OTHER))),
    "another URL than was submitted": ("mixed_up", both(dataclasses.replace(ROW, url="http://x"))),
    "an unsafe image has a row": ("unsafe", both(dataclasses.replace(ROW, sha256=UNSAFE))),
    "an unsafe image lies in the open": (
        "unsafe",
        stored(etags={**GOOD.stored.etags, f"images/{UNSAFE}/rendition.jpg": "x"}),
    ),
    "an image in the open was never screened": (
        "unscreened",
        changed(screened=(PassedSeen(("s4", 0), OTHER),)),
    ),
    "an object lies where nothing belongs": (
        "stranger",
        stored(etags={**GOOD.stored.etags, "temporary/1": "x"}),
    ),
    "a record is put off twice for the first time": (
        "duplicated",
        changed(put_off=(*PUT_OFF, PUT_OFF[-1])),
    ),
    "a record is put off more often than there are tiers": (
        "duplicated",
        changed(put_off=(*PUT_OFF, PutOffSeen(("s6", 0), len(RETRY_TOPICS) + 1))),
    ),
    "what is always busy is given up too early": ("impatient", changed(put_off=PUT_OFF[1:])),
    "what is busy at first is given up": (
        "impatient",
        changed(
            rejections=(*REJECTIONS[:-1], dataclasses.replace(BUSY, who=("s6", 0))),
            rejection_rows=(*REJECTIONS[:-1], dataclasses.replace(BUSY, who=("s6", 0))),
        ),
    ),
    "a position is ahead of its output": (
        "ahead",
        changed(ahead=(Ahead("captioner", 0, 7, 6, ("s0", 0)),)),
    ),
    "lag stays": ("lag", changed(lagging=("captioner waits",))),
    "a dead letter nobody deserved": (
        "dead_letter",
        changed(
            captions=(CHANGED,),
            rows=(CHANGED,),
            dead_letters=(DeadLetterSeen(("s0", 0), "t.dlq", "crashed", "boom"),),
        ),
    ),
    "a claim by one who never brought the bytes": (
        "unowned",
        stored(claims={**GOOD.stored.claims, SCENE: "s1"}),
    ),
    "a receipt of nobody": ("unowned", stored(receipts={**GOOD.stored.receipts, "s9": None})),
    "work without a receipt": (
        "unowned",
        stored(receipts={**GOOD.stored.receipts, "s0": None}),
    ),
    "bytes in quarantine that nobody brought": (
        "unowned",
        stored(etags={**GOOD.stored.etags, f"quarantine/{'ee' * 32}/original": "x"}),
    ),
    "half an upload, and the store was not killed": (
        "unowned",
        stored(halves=("receipts/s0-half",)),
    ),
    "a half-written original": (
        "torn",
        stored(etags={**GOOD.stored.etags, f"quarantine/{SCENE}/original": "half"}),
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_history_is_refused_for_what_it_is(name: str) -> None:
    kind, forge = FORGED[name]
    assert kind in {violation.kind for violation in check(forge(GOOD), binding=seed_in)}


def test_the_canary_says_which_scene_it_saw_and_nothing_else_is_taken_for_it() -> None:
    assert seed_in(caption_of(4711)) == 4711
    assert seed_in("This image displays: a red circle.") is None
    assert is_unsafe(9)
    assert not is_unsafe(10)
