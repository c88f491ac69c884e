from collections.abc import Callable

import msgspec

from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.step_caption import AnnotateCaptions
from pixelprose.records import CaptionAnnotated, CaptionGenerated
from pixelprose.streamkit import Emit, Outcome, Reject

Generated = Callable[..., CaptionGenerated]
Step = Callable[..., AnnotateCaptions]


def emitted(outcome: Outcome[CaptionAnnotated]) -> CaptionAnnotated:
    assert isinstance(outcome, Emit)
    (record,) = outcome.records
    return record


def strict(policy: AnnotationPolicy, **reject: object) -> AnnotationPolicy:
    """The policy with rejections, checked as a file would be."""
    document = policy.model_dump()
    document["reject"] |= reject
    return AnnotationPolicy.model_validate(document)


def test_a_caption_is_scored_masked_checked_and_counted(
    caption_step: Step, generated: Generated, policy: AnnotationPolicy
) -> None:
    text = 'Ada Moss holds a card. It reads "555-0187".'
    (outcome,) = caption_step()([generated(text, words=["<PHONE_NUMBER>"])])
    record = emitted(outcome)
    assert record.caption.text == 'Ada Moss holds a card. It reads "<PHONE_NUMBER>".'
    annotation = record.annotation
    assert [(s.type, s.action) for s in annotation.pii] == [
        ("PERSON", "kept"),
        ("PHONE_NUMBER", "masked"),
    ]
    assert (annotation.text_check.quoted, annotation.text_check.found) == (1, 1)
    assert annotation.linguistics.characters == len(record.caption.text)
    assert (annotation.policy, annotation.policy_hash) == (policy.label, policy.hash)


def test_the_matched_text_is_nowhere_in_what_leaves(
    caption_step: Step, generated: Generated
) -> None:
    (outcome,) = caption_step()([generated("Call 555-0187.", absent=("a 555-0199 sign", "dog"))])
    record = emitted(outcome)
    assert record.caption.absent == ("a <PHONE_NUMBER> sign", "dog")
    assert b"555-01" not in msgspec.json.encode(record)


def test_neighbours_keep_their_order(caption_step: Step, generated: Generated) -> None:
    texts = ["one", "two words", "three words here"]
    records = map(emitted, caption_step()([generated(text) for text in texts]))
    assert [r.annotation.linguistics.words for r in records] == [1, 2, 3]


def test_by_default_a_toxic_caption_is_scored_and_kept(
    caption_step: Step, generated: Generated
) -> None:
    (outcome,) = caption_step()([generated("you blorf")])
    assert emitted(outcome).annotation.toxicity.insult == 0.9


def test_a_policy_may_reject_toxic_captions(
    caption_step: Step, generated: Generated, policy: AnnotationPolicy
) -> None:
    step = caption_step(strict(policy, toxicity={"insult": 0.9, "threat": 0.5}))
    outcome, calm = step([generated("you blorf"), generated("a circle")])
    assert isinstance(outcome, Reject)
    assert (outcome.reason, outcome.scores) == ("toxic", {"insult": 0.9})
    assert emitted(calm).caption.text == "a circle"


def test_a_policy_may_reject_personal_data_and_never_says_which(
    caption_step: Step, generated: Generated, policy: AnnotationPolicy
) -> None:
    step = caption_step(strict(policy, pii=("PHONE_NUMBER",)))
    outcome, other = step([generated("Call 555-0187."), generated("Ask Ada Moss.")])
    assert isinstance(outcome, Reject)
    assert outcome.reason == "pii"
    assert "PHONE_NUMBER" in outcome.detail
    assert "555" not in outcome.detail
    assert emitted(other).caption.text == "Ask Ada Moss."
