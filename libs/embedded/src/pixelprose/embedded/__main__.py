"""`python -m pixelprose.embedded up --data DIR`: both servers in the foreground."""

import json
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from pixelprose.embedded import hanging
from pixelprose.embedded.errors import EmbeddedError
from pixelprose.embedded.jars import FetchProgress
from pixelprose.embedded.settings import KafkaSettings, S3Settings, StackSettings
from pixelprose.embedded.stack import Stack

_LOOK_SECONDS = 0.5

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def _commands() -> None:
    """Kafka and S3 on one machine."""


@app.command()
def up(
    data: Annotated[Path, typer.Option(help="Folder for all data of both servers.")],
    *,
    kafka_port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
    s3_port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run Kafka and S3 until Ctrl-C, and say how to reach them."""
    settings = StackSettings(
        data_dir=data, kafka=KafkaSettings(port=kafka_port), s3=S3Settings(port=s3_port)
    )
    asked_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.set())
    try:
        with Stack(settings, on_progress=_show) as stack:
            _tell(stack, as_json=as_json)
            while not asked_to_end.wait(_LOOK_SECONDS):
                stack.check()
    except EmbeddedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


@app.command()
def end_hanging(
    bootstrap_servers: Annotated[str, typer.Argument(help="The embedded broker: host:port.")],
) -> None:
    """End transactions that hang; return when all that were open at first have ended."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    hanging.end_hanging(bootstrap_servers)


def _tell(stack: Stack, *, as_json: bool) -> None:
    s3 = stack.s3.access
    reach = {
        "bootstrap_servers": stack.kafka.bootstrap_servers,
        "cluster_id": stack.kafka.cluster_id,
        "s3_endpoint": s3.endpoint,
        "s3_region": s3.region,
        "s3_access_key": s3.access_key,
        "s3_secret_key": s3.secret_key.get_secret_value(),
    }
    if as_json:
        typer.echo(json.dumps(reach))
    else:
        for name, value in reach.items():
            typer.echo(f"{name:18} {value}")
        typer.echo("ready; Ctrl-C ends both")
    sys.stdout.flush()


def _show(progress: FetchProgress) -> None:
    total_mb = progress.total_bytes / 1e6
    if not progress.done_bytes:
        typer.echo(f"fetching {progress.total_jars} jars, {total_mb:.0f} MB", err=True)
    elif sys.stderr.isatty():
        typer.echo(f"\r{progress.done_bytes / 1e6:6.1f} of {total_mb:.1f} MB", nl=False, err=True)


if __name__ == "__main__":
    app(prog_name="python -m pixelprose.embedded")
