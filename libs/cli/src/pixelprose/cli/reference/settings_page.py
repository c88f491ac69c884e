"""Every setting of every service, and of the command line."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from pixelprose.captioner.settings import CaptionerSettings
from pixelprose.cli.client_settings import ClientSettings
from pixelprose.cli.reference.markdown import code, table, title
from pixelprose.host.settings import ServiceSettings
from pixelprose.host.settings_help import Setting, settings_of
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.metadata_annotator.settings import MetadataAnnotatorSettings
from pixelprose.safety_filter.settings import SafetyFilterSettings
from pixelprose.sink.settings import SinkSettings

_SERVICES: tuple[type[ServiceSettings], ...] = (
    IngesterSettings,
    SafetyFilterSettings,
    MetadataAnnotatorSettings,
    CaptionerSettings,
    SinkSettings,
    ClientSettings,
)
_TITLES = {
    "": "A process",
    "submit": "`pixelprose submit`",
}
_HEAD = """\
One YAML file configures all services (`--config`); variables win over it. Lists and mappings in
variables are written as in YAML: `PIXELPROSE_CAPTIONER__POLICIES='[pixelprose, short]'`. An unknown
setting is refused. Every service prints its own with `--help`, and what is in force with
`--print-config`.

The sections `kafka`, `runner`, `http`, `log`, `registry` and `store` are shared by all; each
service has one of its own beside.
"""


def page() -> str:
    """Return the page."""
    every = [one for model in _SERVICES for one in settings_of(model)]
    shared = {one.path: one for one in settings_of(IngesterSettings) if one.path[0] != "ingester"}
    found = {**shared, **{one.path: one for one in every if one.path not in shared}}
    parts = [title("Settings", source="the settings' classes"), _HEAD]
    return "\n".join([*parts, *_sections(found.values())])


def _sections(settings: Iterable[Setting]) -> Iterator[str]:
    for section, group in groupby(settings, key=_section):
        rows = (
            (
                f"{code('.'.join(one.path))}<br>{code(one.variable)}",
                one.kind,
                _default(one),
                _range(one),
                one.meaning,
            )
            for one in group
        )
        yield f"## {_TITLES.get(section, code(section))}\n"
        yield table(("setting, variable", "type", "default", "range", "meaning"), rows)


def _section(setting: Setting) -> str:
    return setting.path[0] if len(setting.path) > 1 else ""


def _range(setting: Setting) -> str:
    word, _, pattern = setting.limits.partition(" ")
    return f"matches {code(pattern)}" if word == "matches" else setting.limits


def _default(setting: Setting) -> str:
    if setting.required:
        return f"required with `{setting.when}`" if setting.when else "**required**"
    return code(setting.default)
