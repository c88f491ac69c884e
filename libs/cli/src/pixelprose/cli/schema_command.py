"""The schema of a record, for programs that know nothing of ours."""

import json

from pixelprose.cli.errors import WrongUsage
from pixelprose.records import schema_text, topic_list


def schema_json(record: str) -> str:
    """Return the complete schema, indented; `record` is a class name in snake case or as it is.

    Raises:
        WrongUsage: no such record.
    """
    known = {topic.record for topic in topic_list().topics if topic.record}
    wanted = "".join(part[:1].upper() + part[1:] for part in record.split("_"))
    if wanted not in known:
        raise WrongUsage(f"no record {record!r}; known are {', '.join(sorted(known))}")
    return json.dumps(json.loads(schema_text(wanted)), indent=2)
