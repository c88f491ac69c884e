"""What must hold of `schemas/`: each check yields what is wrong, in sentences for people."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec
from avro.errors import AvroException
from fastavro.schema import SchemaParseException

from pixelprose.records.codes import codes_in
from pixelprose.records.compatibility import broken_promises, incompatibilities
from pixelprose.records.examples import bad_examples
from pixelprose.records.files import SchemaFolder
from pixelprose.records.ids import released_ids, schema_id_problems, schema_ids
from pixelprose.records.schemas import fingerprint
from pixelprose.records.topics import record_class, topics_in
