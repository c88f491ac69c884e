"""The command `pixelprose report`, thin over the module that does it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pixelprose.cli.choices import Output
from pixelprose.cli.epilog import epilog
from pixelprose.cli.export_app import Which
from pixelprose.cli.options import ConfigFile

console = Console()

REPORT_EPILOG = epilog(
    "pixelprose report",
    "pixelprose report --sample 200 --seed 7 --out report.html",
    "pixelprose report --where \"signals['aesthetic'] > 5 and dataset = 'cc12m'\"",
    "pixelprose report --json | jq .captions",
    needs="a store with tables: `pixelprose up` has one; elsewhere PIXELPROSE_STORE__*.",
    then="open the file in a browser; pixelprose trace shows one image's whole way.",
)


def report(  # noqa: PLR0913 - one argument per option
    *,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("pixelprose-report.html"),
    where: Annotated[
        str | None,
        typer.Option(help="SQL expression on the columns of `captions`.", show_default=False),
    ] = None,
    sample: Annotated[int, typer.Option(min=0, max=1_000, help="Pictures to draw at random.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed draws the same pictures.")] = 1,
    rows: Annotated[
        Which, typer.Option(help="Draw from the current captions of images, or from every one.")
    ] = Which.CURRENT,
    config: ConfigFile = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A summary as JSON; the rest goes to stderr.")
    ] = False,
) -> None:
    """Write one HTML page that shows what is in the tables, to open without a network.

    Pictures drawn at random with captions, alt texts, scores and lineage;
    how attempts ended; distributions over all rows. Known-hash hits are
    nowhere in it, unsafe pictures are only counted.
    """
    from pixelprose.cli.report_command import (  # noqa: PLC0415 - loads deltalake and matplotlib
        ReportOptions,
        run_report,
    )

    options = ReportOptions(out, where, sample, seed, rows)
    output = Output.JSON if as_json else Output.TEXT
    run_report(options, config, output, Console(stderr=True) if as_json else console)
