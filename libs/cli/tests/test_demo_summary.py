from pixelprose.cli.demo_summary import _record
from pixelprose.records import CaptionAnnotated
from pixelprose.records.examples import example
from pixelprose.records.files import packaged


def test_a_row_is_graded_with_its_caption_and_its_scores() -> None:
    row = example(packaged(), CaptionAnnotated, "full")
    graded = _record(row)
    assert graded.caption == row.caption.text
    assert graded.prompt == row.caption.prompt_id
    assert graded.scores is not None
    assert graded.scores.nsfw == row.screening.nsfw_score
    assert graded.scores.watermark == row.signals.watermark_scores["watermark"]
    assert graded.scores.aesthetic == row.signals.aesthetic
    assert graded.scores.style == row.signals.style
    assert graded.scores.words == tuple(word.text for word in row.signals.words)
