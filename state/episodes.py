"""Episodes: claims as `episodes.lua` takes them, and revisions out of what it answers. What they say is sealed in Redis."""

from typing import Any

from state.pseudonyms import Pseudonyms
from state.requests import EpisodeClaim, Revision
from state.scripts import Script, unpack

EPISODES = Script("episodes")
MAX_MEMBERS_CLAIMED = 500


class EpisodeCodec:
    """Hides what a claim says on the way in and shows it again on the way out."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    def event_key(self, event_id: str) -> bytes:
        """Under which name `told:` remembers what an event was told."""
        return self._pseudonyms.key("told", event_id)

    def key(self, claim: EpisodeClaim) -> bytes:
        """The episode's name in its shard."""
        return self._pseudonyms.key_of((claim.owner,), *claim.key)

    def request(self, claim: EpisodeClaim, key: bytes) -> tuple[Any, ...]:
        """One claim of the script's request."""
        seal = self._pseudonyms.seal
        return (
            key,
            self.event_key(claim.event_id),
            claim.incident_id,
            claim.time,
            claim.opened,
            claim.level,
            claim.severity,
            claim.gap,
            claim.growth,
            [seal(event_id) for event_id in claim.event_ids],
            self._pseudonyms.seal_bytes(claim.opening),
            self._pseudonyms.seal_bytes(claim.payload),
            seal(claim.subject),
            [seal(member) for member in claim.members[:MAX_MEMBERS_CLAIMED]],
        )

    def revision(self, packed: bytes) -> Revision:
        """One answer of the script."""
        incident_id, revision, opened, event_ids, opening, payload, member_count, members = unpack(packed)
        unseal = self._pseudonyms.unseal
        return Revision(
            incident_id.decode(),
            revision,
            opened,
            tuple(unseal(event_id) for event_id in event_ids),
            self._pseudonyms.unseal_bytes(opening),
            self._pseudonyms.unseal_bytes(payload),
            member_count,
            tuple(unseal(member) for member in members),
        )

    def told(self, packed: bytes) -> list[Revision]:
        """All that one event was told."""
        return [self.revision(revision) for _, revision in unpack(packed)]
