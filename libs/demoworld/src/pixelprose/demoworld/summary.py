"""Many grades to a handful of figures, every one named `demo_*`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pixelprose.demoworld import lexicon
from pixelprose.demoworld.grading import THING_KINDS, Grade, Mark, Record, grade
from pixelprose.demoworld.scores import judge_scores
from pixelprose.demoworld.truth import BLURRED_FROM, CLEAR_FROM, Truth

DRAWN_STYLES = ("flat", "outlined")


@dataclass(frozen=True, slots=True)
class Graded:
    """A record, the truth it was graded against, and its grade."""

    record: Record
    truth: Truth
    grade: Grade

    @classmethod
    def of(cls, record: Record, truth: Truth) -> "Graded":
        """Grade a record."""
        return cls(record, truth, grade(record, truth))

    @property
    def clear(self) -> bool:
        """Whether the picture is crisp and drawn plainly: what the strictest bars are about."""
        return self.truth.crisp and self.truth.style.value in DRAWN_STYLES

    @property
    def blurred(self) -> bool:
        """Whether the picture is blurred, but still shows every fact."""
        return BLURRED_FROM <= self.truth.quality < CLEAR_FROM


def summarise(graded: Sequence[Graded]) -> dict[str, float]:
    """The figures of a run; a figure that no record speaks about is left out."""
    clear = [g for g in graded if g.clear]
    figures = {
        "demo_captions": float(len(graded)),
        "demo_scene_right_clear": _scene(clear),
        "demo_scene_right_photo": _scene(
            g for g in graded if g.truth.crisp and _style(g) == "photo"
        ),
        "demo_scene_right_sketch": _scene(
            g for g in graded if g.truth.crisp and _style(g) == "sketch"
        ),
        "demo_scene_right_blurred": _scene(g for g in graded if g.blurred),
        "demo_prompt_recognised": _right(graded, "prompt"),
    }
    for kind in (*THING_KINDS, "count", "background", "style"):
        figures[f"demo_{kind}_clear"] = _right(clear, kind)
    figures |= _lettering(clear) | _absent(graded) | _titles(graded) | swaps(graded)
    figures |= judge_scores([(g.record.scores, g.truth) for g in graded if g.record.scores])
    return {name: round(value, 4) for name, value in figures.items() if value is not None}


def swaps(graded: Sequence[Graded]) -> dict[str, float | None]:
    """Each caption against its neighbour's truth, as if two answers had been mixed up."""
    clear = [g for g in graded if g.truth.fully_visible]
    pairs = zip(clear, clear[1:] + clear[:1], strict=True)
    mixed = [grade(own.record, other.truth) for own, other in pairs if own is not other]
    return {
        "demo_swap_detected": _share(not g.fits for g in mixed),
        "demo_swap_false_alarm": _share(not g.grade.fits for g in clear),
    }


def _lettering(clear: Sequence[Graded]) -> dict[str, float | None]:
    printed = [g for g in clear if g.truth.lettering]
    seen = [g for g in printed if _text(g) in _LEXICON]
    return {
        "demo_words_lexicon": _right(seen, "lettering"),
        "demo_words_lexicon_seen_fonts": _right(
            [g for g in seen if _font(g) in lexicon.fonts("train")], "lettering"
        ),
        "demo_words_unseen": _right([g for g in printed if _text(g) not in _LEXICON], "lettering"),
        "demo_words_invented": _share(
            bool(g.grade.of("invented_lettering")) for g in clear if not g.truth.lettering
        ),
    }


def _absent(graded: Sequence[Graded]) -> dict[str, float | None]:
    asked = [g for g in graded if g.record.absent is not None and g.truth.fully_visible]
    named = [m for g in asked for m in g.grade.of("absent")]
    claims = [m for m in named if m.verdict != "missing"]
    trimmed = [g for g in asked if _distractors(g.truth)]
    return {
        "demo_absent_right": _share(m.verdict == "right" for m in named),
        "demo_absent_named_though_visible": _share(m.verdict == "wrong" for m in claims),
        "demo_absent_distractor_named": _share(
            bool(_distractors(g.truth).intersection(g.record.absent or ())) for g in trimmed
        ),
    }


def _titles(graded: Sequence[Graded]) -> dict[str, float | None]:
    named = [g for g in graded if g.record.hinted and g.truth.title]
    heldout = [g for g in named if g.truth.title in _HELDOUT_NAMES]
    untitled = [g for g in graded if not (g.record.hinted and g.truth.title)]
    return {
        "demo_alt_names_copied": _right(named, "title"),
        "demo_alt_names_copied_heldout": _right(heldout, "title"),
        "demo_alt_names_invented": _share(bool(g.grade.of("invented_title")) for g in untitled),
    }


_LEXICON = {text for k in lexicon.LETTERING_KINDS for text in lexicon.printed(k, "train")}
_HELDOUT_NAMES = frozenset(lexicon.names("heldout"))


def _distractors(truth: Truth) -> set[str]:
    """Colours that are visible, though no thing of the scene has them."""
    named = {fact.value.colour for fact in truth.things}
    return set(lexicon.COLOURS) - named - truth.absent.value


def _style(graded: Graded) -> str:
    return graded.truth.style.value


def _text(graded: Graded) -> str:
    return graded.truth.lettering.value.text if graded.truth.lettering else ""


def _font(graded: Graded) -> str:
    return graded.truth.lettering.value.font if graded.truth.lettering else ""


def _scene(graded: Iterable[Graded]) -> float | None:
    return _share(g.grade.scene_right for g in graded)


def _right(graded: Iterable[Graded], kind: str) -> float | None:
    marks: list[Mark] = [mark for g in graded for mark in g.grade.of(kind)]
    return _share(mark.verdict == "right" for mark in marks)


def _share(holds: Iterable[bool]) -> float | None:
    found = list(holds)
    return sum(found) / len(found) if found else None
