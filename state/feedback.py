"""What people said of incidents: judgements, reports and texts as the scripts take them, and what those answer.

`verdicts.lua` keeps judgements with the members whom they are about, in every shard; `episodes.lua` and `reporters.lua` read
them there. `known.lua` keeps the texts of upheld incidents. docs/feedback.md tells the whole loop.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

from state import kinds
from state.campaigns import CampaignCodec, name_in_store
from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Filing, ModeratorVerdict, Record, Remembered, Text
from state.scripts import Script, unpack

VERDICTS = Script("verdicts")
REPORTERS = Script("reporters")
KNOWN = Script("known", "signatures")
_NAME_BYTES = 6


class FeedbackCodec:
    """Hides identifiers on the way in."""

    def __init__(self, pseudonyms: Pseudonyms, campaigns: CampaignCodec, limits: StoreLimits) -> None:
        self._pseudonyms = pseudonyms
        self._campaigns = campaigns
        self._limits = limits.feedback
        self._bands = limits.bands
        self._verdicts_ttl, self._reports_ttl = kinds.VERDICTS.ttl(limits), kinds.REPORTED.ttl(limits)
        self.texts_ttl = kinds.KNOWN.ttl(limits)
        """Seconds for which it is kept which texts and campaigns were upheld."""

    def remembered(self, packed: bytes) -> Remembered:
        """What is kept of an incident that was told."""
        subject, memo, *origin = unpack(packed)  # what was told before origins were known has none
        unseal = self._pseudonyms.unseal
        return Remembered(
            unseal(subject), self._pseudonyms.unseal_bytes(memo), unseal(origin[0]) if any(origin) else None
        )

    def moderator_verdicts(self, moderator_verdicts: Sequence[ModeratorVerdict]) -> tuple[Any, ...]:
        """The request of `verdicts.lua`, the same for every shard."""
        limits = self._limits
        return (limits.verdicts_per_member, self._verdicts_ttl, [self._judgement(one) for one in moderator_verdicts])

    def _judgement(self, one: ModeratorVerdict) -> tuple[Any, ...]:
        verdict = (
            one.time,
            _name(one.identity),
            int(one.upheld),
            self._pseudonyms.rule(one.rule),
            one.article,
            one.happened,
            one.weight,
            one.level,
            int(one.reported),
            self._pseudonyms.about(one.about),
        )
        return self._pseudonyms.member(one.subject), one.incident_id, verdict

    def filing(self, filing: Filing) -> tuple[Any, ...]:
        """One report of the request of `reporters.lua`."""
        member = self._pseudonyms.member
        return member(filing.reporter), filing.time, member(filing.reported), filing.article or 0

    def filings(self, filings: list[tuple[Any, ...]]) -> tuple[Any, ...]:
        """The request of `reporters.lua`."""
        limits = self._limits
        ttl = self._reports_ttl
        return limits.reports_per_member, ttl, limits.records * MICROSECONDS, limits.near * MICROSECONDS, filings

    def record(self, answer: Any) -> Record:
        """One answer of `reporters.lua`."""
        return Record(*answer)

    def known(self, moderator_verdicts: Sequence[ModeratorVerdict], texts: Sequence[Text]) -> tuple[Any, ...]:
        """The request of `known.lua`, which reads what `campaigns.lua` has written."""
        memory, member = self._limits.texts, self._pseudonyms.member
        return (
            memory * MICROSECONDS,
            self.texts_ttl,
            self._bands,
            [
                (
                    one.incident_id,
                    one.time,
                    _name(one.identity),
                    int(one.upheld),
                    UUID(one.sample.campaign_id).bytes,
                    one.sample.digest,
                    one.sample.signature,
                    self._campaigns.generations(one.time),
                    int(one.sample.public),
                    member(one.sample.origin) if one.sample.origin else b"",
                )
                for one in moderator_verdicts
                if one.sample
            ],
            [
                (
                    text.digest,
                    text.signature,
                    text.time,
                    self._campaigns.generations(text.time),
                    name_in_store(text),
                    int(text.public),
                    member(text.author),
                )
                for text in texts
            ],
        )


def known_joined(answers: list[Any]) -> Any:
    """The answers of `known.lua` to parts of the texts as its answer to all of them."""
    return [[one for answer in answers for one in answer[part]] for part in range(3)]


def _name(identity: str) -> int:
    """Decides between verdicts of one moment, the same under every pseudonym key."""
    return int.from_bytes(blake2b(identity.encode(), digest_size=_NAME_BYTES).digest())
