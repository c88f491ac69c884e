"""Answers for programs."""

import msgspec
import typer


def print_json(value: object) -> None:
    """Print strict JSON, nothing else."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
