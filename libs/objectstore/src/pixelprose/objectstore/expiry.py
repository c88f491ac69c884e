"""How long objects live: the bucket's lifecycle rules, ours alone."""

from collections.abc import Mapping
from typing import Final

from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

from pixelprose.objectstore.errors import StoreRefused
from pixelprose.objectstore.s3 import connected
from pixelprose.objectstore.s3_errors import Place, translated
from pixelprose.objectstore.settings import StoreSettings

OURS: Final = "pixelprose-"
"""What the ids of our rules begin with; no others are ever written."""

Days = Mapping[str, int]
"""Prefix to the days after which what lies below it may go."""


class Expiry:
    """The rules of one bucket by which the store itself deletes.

    Every method raises `StoreUnavailable`, or `StoreRefused` where the store has no such rules or
    we may not see them.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._bucket = settings.bucket
        self._place = Place(settings.endpoint, settings.bucket)
        self._client: Minio
        self._client, self._pool = connected(settings)

    def days(self) -> dict[str, int]:
        """Return what is in force, whoever wrote it."""
        return {
            rule.rule_filter.prefix or "": rule.expiration.days
            for rule in self._rules()
            if rule.status == ENABLED
            and rule.rule_filter is not None
            and rule.expiration is not None
            and rule.expiration.days is not None
        }

    def keep(self, wanted: Days) -> None:
        """Put these rules in force.

        A bucket has one document of rules, and writing it anew could widen a rule that we do not
        understand. So rules of others are never written again: where there are any, `StoreRefused`
        tells which ones to add by hand.
        """
        if self.days().items() >= wanted.items():
            return
        if any(not (rule.rule_id or "").startswith(OURS) for rule in self._rules()):
            said = ", ".join(f"{prefix} {days} d" for prefix, days in wanted.items())
            raise StoreRefused(
                f"{self._place} has lifecycle rules of others, which are left alone; add: {said}"
            )
        rules = [
            Rule(
                ENABLED,
                rule_filter=Filter(prefix=prefix),
                rule_id=f"{OURS}{prefix.strip('/')}",
                expiration=Expiration(days=days),
            )
            for prefix, days in wanted.items()
        ]
        with translated(self._place):
            self._client.set_bucket_lifecycle(self._bucket, LifecycleConfig(rules))

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def _rules(self) -> list[Rule]:
        with translated(self._place):
            found = self._client.get_bucket_lifecycle(self._bucket)
        return list(found.rules) if found else []
