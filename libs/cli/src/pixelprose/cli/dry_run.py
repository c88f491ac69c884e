"""A run that sends nothing: it shows the first rows and counts the rest."""

from collections.abc import Callable, Iterable, Iterator

from rich.console import Console

from pixelprose.cli.rows import BadRow, SourceRow
from pixelprose.records import SubmissionId

_SHOWN = 3


class DryRun:
    """Takes rows as a `Submitter` does."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = 0

    def submit(
        self,
        rows: Iterable[SourceRow],
        *,
        on_sent: Callable[[], None],
        on_bad: Callable[[BadRow], None],  # noqa: ARG002 - nothing is refused here
    ) -> Iterator[tuple[int, SubmissionId]]:
        """Yield each row's number; its submission has no id."""
        for row in rows:
            if self._shown < _SHOWN:
                self._shown += 1
                self._console.print(_described(row), highlight=False, markup=False)
            on_sent()
            yield row.number, SubmissionId("")


def _described(row: SourceRow) -> str:
    alt_text = "no alt text" if row.alt_text is None else f"alt text {row.alt_text!r}"
    licence = f"licence {row.rights.licence}" if row.rights.licence else "no licence"
    fields = "".join(f", {name} {value!r}" for name, value in row.fields.items())
    return f"  {row.url}\n    {alt_text}, {licence}{fields}"


class NoMemory:
    """Remembers nothing."""

    def __contains__(self, key: str) -> bool:
        return False

    def add(self, keys: Iterable[str]) -> None:
        """Forget these."""
