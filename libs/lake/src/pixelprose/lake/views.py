"""Views: queries that most readers want, in SQL that DuckDB, DataFusion and Spark take alike.

Each names the tables it reads as the tables are named.
"""

from collections.abc import Mapping
from textwrap import fill
from types import MappingProxyType
from typing import Final

from pixelprose.lake.rows import CaptionRow

_CAPTION_COLUMNS: Final = fill(
    ", ".join(CaptionRow.__struct_fields__), width=88, subsequent_indent="    "
)

CAPTIONS_CURRENT: Final = f"""\
with attempts as (
    select *, row_number() over (
        partition by submission_id, policy_hash order by attempt desc, ingested_at desc, row_id
    ) as attempt_rank
    from captions
), newest as (
    select *, row_number() over (
        partition by image_id order by caption['generated_at'] desc, row_id
    ) as image_rank
    from attempts
    where attempt_rank = 1
)
select {_CAPTION_COLUMNS}
from newest
where image_rank = 1
"""  # noqa: S608 - names of our own columns
"""One row per image: of its highest attempt under each policy, the newest caption."""

SUBMISSION_ENDS: Final = """\
with ends as (
    select submission_id, attempt, policy_hash, 'captioned' as state, 'captioner' as stage,
        cast(null as string) as reason, row_id, ingested_at
    from captions
    union all
    select submission_id, attempt, policy_hash,
        case when reason = 'duplicate_row' and duplicate_of = submission_id
            then 'captioned' else 'rejected' end as state,
        stage, reason, row_id, ingested_at
    from rejections
    union all
    select submission_id, attempt, cast(null as string) as policy_hash, 'dead_letter' as state,
        stage, reason, row_id, ingested_at
    from dead_letters
), ranked as (
    select *,
        max(attempt) over (partition by submission_id) as last_attempt,
        max(attempt) over (partition by submission_id, policy_hash) as last_of_policy
    from ends
)
select submission_id, attempt, policy_hash, state, stage, reason, row_id, ingested_at
from ranked
where attempt = last_of_policy and (policy_hash is not null or attempt = last_attempt)
"""
"""How every submission ended: per policy, its highest attempt.

An end before any policy (such as a dead link) counts until a higher attempt ended in any way.
A later attempt whose caption came out as it was ends as captioned, by its own earlier row.
Known-hash hits are in no table, so their submissions have no end here.
"""

VIEWS: Final[Mapping[str, str]] = MappingProxyType(
    {"captions_current": CAPTIONS_CURRENT, "submission_ends": SUBMISSION_ENDS}
)
"""The SQL of every view by name."""
