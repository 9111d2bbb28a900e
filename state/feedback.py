"""Texts of upheld incidents as `known.lua` takes them, and what is remembered of an incident: see docs/feedback.md."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from state import kinds
from state.campaigns import CampaignCodec, name_in_store
from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, ModeratorVerdict, Remembered, Text
from state.scripts import Script, unpack
from state.verdicts import verdict_name

KNOWN = Script("known", "signatures")


class FeedbackCodec:
    """Hides identifiers on the way in."""

    def __init__(self, pseudonyms: Pseudonyms, campaigns: CampaignCodec, limits: StoreLimits) -> None:
        self._pseudonyms = pseudonyms
        self._campaigns = campaigns
        self._limits = limits.feedback
        self._bands = limits.bands
        self.texts_ttl = kinds.KNOWN.ttl(limits)
        """Seconds for which it is kept which texts and campaigns were upheld."""

    def remembered(self, packed: bytes) -> Remembered:
        """What is kept of an incident that was told."""
        subject, memo, *origin = unpack(packed)  # what was told before origins were known has none
        unseal = self._pseudonyms.unseal
        return Remembered(
            unseal(subject), self._pseudonyms.unseal_bytes(memo), unseal(origin[0]) if any(origin) else None
        )

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
                    verdict_name(one.identity),
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
