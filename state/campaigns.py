"""Campaigns: texts as `campaigns.lua` takes them, and the campaigns that it answers."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Campaign, Text
from state.scripts import Script

CAMPAIGNS = Script("campaigns")
SIGNATURE_SCHEME = "affine32x128w128p128"
CAMPAIGN_NAMESPACE = uuid5(NAMESPACE_URL, "https://twinwatch.example/campaign")


class CampaignCodec:
    """Knows in which generations a text's campaign may stand. `generation` and `lateness` in seconds."""

    scope = f"{SIGNATURE_SCHEME}:"
    """Part of all its keys: signatures of another scheme must never be compared with these."""

    def __init__(
        self,
        pseudonyms: Pseudonyms,
        *,
        bands: int,
        threshold: float,
        generation: int,
        lateness: int,
        grace: int,
        texts_per_author: int,
    ) -> None:
        self._pseudonyms = pseudonyms
        self._bands, self._threshold, self._most = bands, threshold, texts_per_author
        self._generation, self._lateness, self._grace = generation, lateness, grace

    def request(self, texts: list[Text]) -> tuple[Any, ...]:
        """The script's request."""
        return (
            self._bands,
            self._threshold,
            2 * self._generation + self._lateness + self._grace,
            self._most,
            [
                (
                    text.digest,
                    text.signature,
                    campaign_id_of(text),
                    self.generations(text.time),
                    self._pseudonyms.member(text.author),
                )
                for text in texts
            ],
        )

    def generations(self, time: int) -> list[int]:
        """The generation of `time`, and the others in which its campaign may stand: the one before, and, for a text that
        is up to `lateness` late at a boundary, the one after.
        """
        length = self._generation * MICROSECONDS
        own = time // length
        after = (time + self._lateness * MICROSECONDS) // length
        return [own, own - 1, *range(own + 1, after + 1)]

    def campaign(self, answer: Any) -> Campaign | None:
        """The answer for one text."""
        campaign_id, similarity = answer
        if not campaign_id:
            return None
        return Campaign(str(UUID(bytes=campaign_id)), float(similarity))


def campaign_id_of(text: Text) -> bytes:
    """The id of the campaign that the text founds. Of the text too: a sender may number all its events alike."""
    return uuid5(CAMPAIGN_NAMESPACE, f"{text.event_id}\n{text.digest.hex()}").bytes
