"""What a dry run shows of a row."""

from io import StringIO

from rich.console import Console

from pixelprose.cli.dry_run import DryRun
from pixelprose.cli.rows import SourceRow
from pixelprose.records.groups import Rights


def test_it_says_what_a_row_has_and_what_it_lacks() -> None:
    rows = (
        SourceRow(0, "https://a.example/1.jpg", None, Rights(), {}),
        SourceRow(1, "https://a.example/2.jpg", "A cat", Rights(licence="CC0-1.0"), {"file": "2"}),
    )
    said = StringIO()
    dry = DryRun(Console(file=said, width=200))
    assert len(list(dry.submit(rows, on_sent=lambda: None, on_bad=lambda _: None))) == 2
    assert [line.strip() for line in said.getvalue().splitlines()] == [
        "https://a.example/1.jpg",
        "no alt text, no licence",
        "https://a.example/2.jpg",
        "alt text 'A cat', licence CC0-1.0, file '2'",
    ]
