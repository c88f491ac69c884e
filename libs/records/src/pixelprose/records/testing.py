"""For tests: records from the schemas' examples, of which a test says only what it is about."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.records.groups import Group

G = TypeVar("G", bound=Group)


def like_example(record: type[G], **changed: object) -> G:
    """Return the full example of `record`, changed.

    A mapping changes fields of a group, `image={"width": 9}`; anything else is a field's new value.

    Raises:
        TypeError: there is no such field.
    """
    full = example(packaged(), record, "full")
    values = {
        name: msgspec.structs.replace(getattr(full, name), **value)
        if isinstance(value, Mapping) and isinstance(getattr(full, name), msgspec.Struct)
        else value
        for name, value in changed.items()
    }
    return msgspec.structs.replace(full, **values)
