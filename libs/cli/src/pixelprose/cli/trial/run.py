"""`pixelprose try`: one image through the services' own steps."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from rich.console import Console

from pixelprose.cli.captions.view import line
from pixelprose.cli.choices import Output
from pixelprose.cli.errors import CommandError, WrongUsage
from pixelprose.cli.options import named_file
from pixelprose.cli.progress import looking
from pixelprose.cli.redrive.masking import printable
from pixelprose.cli.trial.ending import Trial
from pixelprose.cli.trial.line import LANE, Station, travel
from pixelprose.cli.trial.pictures import write_pictures
from pixelprose.cli.trial.stations import stations
from pixelprose.cli.trial.view import document, end_view, record_view, turns_view
from pixelprose.cli.writing import Writer
from pixelprose.objectstore import MemoryStore
from pixelprose.records import (
    Header,
    ImageSubmitted,
    Registry,
    RegistrySettings,
    Wire,
    topic_of,
)
from pixelprose.records.headers import CONTENT_TYPE, write
from pixelprose.records.source_uri import SourceUri
from pixelprose.streamkit import Message, TopicPartition

_ID_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TryRequest:
    """The command line."""

    image: str
    alt_text: str | None
    out: Path
    output: Output


def run_try(request: TryRequest, config: Path | None, console: Console, aside: Console) -> Trial:
    """Try the image, print and write what came of it, and return that.

    Raises:
        WrongUsage: there is no such file.
        CommandError: the folder can't be written to.
        Stop: a model, policy, list or setting is missing or wrong, as the service would say.
        Unavailable: something that a step needs does not answer.
    """
    uri, root = _named(request.image)
    if config is not None:
        named_file(config, option="--config")
    store = MemoryStore()
    with (
        aside.status("Starting ...") as status,
        TemporaryDirectory(prefix="pixelprose-try-") as folder,
    ):

        def told(all_: Iterator[Station]) -> Iterator[Station]:
            for station in all_:
                status.update(f"{station.name}: loading its models, then at work ...")
                yield station

        message = _submitted(uri, request.alt_text)
        whole = stations(config, store=store, root=root, folder=Path(folder))
        trial = Trial(list(travel(message, told(whole))))
    with looking(aside, "Drawing what the steps saw"):
        files = _write(trial, store, request.out)
    writer = Writer(console)
    if request.output is Output.JSON:
        writer.line(line(document(trial, files)))
        return trial
    for row in trial.rows():
        writer.show(record_view(row))
    writer.show(turns_view(trial))
    writer.line("")
    writer.show(end_view(trial, files))
    return trial


def _named(image: str) -> tuple[str, Path | None]:
    """Return the URI of what is named, and the folder that it may be read from."""
    if "://" in image:
        return image, None
    path = Path(image).resolve()
    if not path.is_file():
        raise WrongUsage(f"{printable(image)}: no such file; a URL begins with http:// or https://")
    return str(SourceUri.of_file(PurePosixPath(path))), path.parent


def _submitted(uri: str, alt_text: str | None) -> Message:
    now = datetime.now(UTC)
    record = ImageSubmitted(url=uri, source="try", alt_text=alt_text, submitted_at=now)
    headers = write(
        {
            Header.SPEC: "1.0",
            Header.ID: uuid.uuid4().hex,
            Header.SOURCE: "pixelprose/try",
            Header.TYPE: "pixelprose.ImageSubmitted",
            Header.TIME: now.isoformat(),
            Header.CONTENT_TYPE: CONTENT_TYPE,
        }
    )
    value = Wire(ImageSubmitted, Registry(RegistrySettings())).encode(record)
    at = TopicPartition(topic_of(ImageSubmitted), LANE)
    return Message(at, 0, None, value, headers, now)


def _write(trial: Trial, store: MemoryStore, out: Path) -> list[Path]:
    rows = trial.rows()
    if not rows:
        return []
    folder = out / str(rows[0]["image_id"])[:_ID_DIGITS]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        record = folder / "record.jsonl"
        record.write_text("".join(f"{line(row)}\n" for row in rows), encoding="utf-8")
        return [record, *write_pictures(trial, store, folder)]
    except OSError as error:
        raise CommandError(f"{folder}: {error.strerror}; name another with --out") from error
