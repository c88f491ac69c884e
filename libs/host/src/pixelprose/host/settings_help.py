"""A table of every setting, for `--help`."""

from collections.abc import Iterator

from pydantic import BaseModel

from pixelprose.host.settings import NESTED, PREFIX, section_of


def describe(
    settings: type[BaseModel], path: tuple[str, ...] = (), given: BaseModel | None = None
) -> Iterator[str]:
    """Yield two lines per setting: its variable and default, then what it means.

    `given` is what the section above has as this one's default.
    """
    for name, field in settings.model_fields.items():
        here = (*path, name)
        default = getattr(given, name) if given else field.get_default(call_default_factory=True)
        inner = section_of(field.annotation)
        if inner is not None:
            yield from describe(inner, here, default if isinstance(default, BaseModel) else None)
            continue
        shown = "(required)" if field.is_required() else _shown(default)
        yield f"  {PREFIX}{NESTED.join(here).upper()}  {shown}"
        if field.description:
            yield f"      {field.description}"


def _shown(default: object) -> str:
    return "(none)" if default is None else f"[{default}]"
