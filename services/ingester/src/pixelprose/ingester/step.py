"""The decision about one submission: fetch -> keep -> receipt -> claim -> emit."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from pixelprose.ingester.decode import Decoded
from pixelprose.ingester.fetch import Fetched
from pixelprose.ingester.meters import FETCHED, Meters
from pixelprose.ingester.put_off import Patience, PutOff
from pixelprose.ingester.quarantine import Kept, Quarantine
from pixelprose.ingester.receipt import Accepted, Place, Receipt
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources import Origin, canonical
from pixelprose.records import Image, ImageFetched, Sha256, Submitted
from pixelprose.records.groups import evidence_of
from pixelprose.streamkit import Emit, Later, Outcome, Reject, Skip

HASHED_HERE_BYTES = 100_000

IMPATIENT = Patience(tiers=0)


@dataclass(frozen=True, slots=True)
class IngestStep:
    """Fetch an image into quarantine, once per submission and attempt.

    Every decision, a no as well, is written down before it is acted on, so a repeated delivery
    ends as the first did. Bytes are claimed after that: whoever owns a claim will emit. To wait is
    no decision: nothing is written down, and the next delivery begins anew.

    Raises:
        Unavailable: the store, a decoder or this machine's network is at fault.
    """

    fetch: Callable[[Origin], Awaitable[Fetched | Refusal | PutOff]]
    decode: Callable[[bytes], Awaitable[Decoded | Refusal]]
    quarantine: Quarantine
    meters: Meters
    now: Callable[[], datetime]
    patience: Patience = IMPATIENT

    async def __call__(self, submitted: Submitted) -> Outcome[ImageFetched]:
        """Decide, or repeat what was decided."""
        place = _place(submitted)
        with self.meters.stage("receipt"):
            receipt = await self.quarantine.receipt(
                submitted.submission_id, attempt=submitted.attempt
            )
        if receipt is None:
            decision = await self._decide(submitted)
            if isinstance(decision, Later):
                return decision
            decided = Receipt(
                submission_id=submitted.submission_id,
                attempt=submitted.attempt,
                place=place,
                decision=decision,
                decided_at=self.now(),
            )
            with self.meters.stage("settle"):
                receipt = await self.quarantine.settle(decided)
        if receipt.place != place:
            return Skip("already_submitted")
        match receipt.decision:
            case Refusal(reason, detail, evidence):
                return Reject(reason, detail, evidence=evidence)
            case Accepted(record):
                return await self._claimed(record)

    async def _claimed(self, record: ImageFetched) -> Outcome[ImageFetched]:
        claimant = record.submission.submission_id
        with self.meters.stage("claim"):
            owner = await self.quarantine.claim(record.image.sha256, claimant=claimant)
        if owner != claimant:
            return Reject(
                "duplicate_content",
                "another submission brought the same bytes first",
                duplicate_of=owner,
                evidence=evidence_of(record.fetch, sha256=record.image.sha256),
            )
        return Emit((record,))

    async def _decide(self, submitted: Submitted) -> Accepted | Refusal | Later:
        url = canonical(submitted.record.url)
        if isinstance(url, Refusal):
            return url
        fetched = await self._fetched(url)
        if isinstance(fetched, PutOff):
            return self.patience.end(fetched, retries=submitted.retries)
        if isinstance(fetched, Refusal):
            return fetched
        with self.meters.stage("decode"):
            decoded = await self.decode(fetched.body)
        self.meters.decoded(decoded.reason if isinstance(decoded, Refusal) else None)
        if isinstance(decoded, Refusal):
            seen = evidence_of(fetched.facts, sha256=None)
            return Refusal(decoded.reason, decoded.detail, seen)
        with self.meters.stage("hash"):
            sha256 = await _sha256(fetched.body)
        with self.meters.stage("keep"):
            kept = await self.quarantine.keep(
                sha256, original=fetched.body, rendition=decoded.rendition
            )
        return Accepted(
            ImageFetched(
                submission=submitted.submission(str(url)),
                rights=submitted.record.rights,
                fetch=fetched.facts,
                image=_image(decoded, sha256, kept, size=len(fetched.body)),
            )
        )

    async def _fetched(self, url: Origin) -> Fetched | Refusal | PutOff:
        with self.meters.stage("fetch"):
            fetched = await self.fetch(url)
        match fetched:
            case Refusal(reason) | PutOff(Refusal(reason)):
                self.meters.fetch_ended(reason, bytes=0)
            case Fetched(body=body):
                self.meters.fetch_ended(FETCHED, bytes=len(body))
        return fetched


def _place(submitted: Submitted) -> Place:
    return Place(submitted.at.topic, submitted.at.partition, submitted.offset)


async def _sha256(data: bytes) -> Sha256:
    # A thread, so on another core, once hashing takes longer than the way there (about 0.1 ms).
    digest = (
        hashlib.sha256(data)
        if len(data) < HASHED_HERE_BYTES
        else await asyncio.to_thread(hashlib.sha256, data)
    )
    return Sha256(digest.hexdigest())


def _image(decoded: Decoded, sha256: Sha256, kept: Kept, *, size: int) -> Image:
    return Image(
        sha256=sha256,
        bytes=size,
        format=decoded.format,
        mode=decoded.mode,
        frames=decoded.frames,
        width=decoded.width,
        height=decoded.height,
        pdq=decoded.pdq,
        pdq_quality=decoded.pdq_quality,
        pdq_version=decoded.pdq_version,
        exif=decoded.exif,
        original_key=kept.original,
        rendition_key=kept.rendition,
        rendition_width=decoded.rendition_width,
        rendition_height=decoded.rendition_height,
        rendition_bytes=len(decoded.rendition),
    )
