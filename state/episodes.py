"""Episodes: claims as `episodes.lua` takes them, and revisions out of what it answers. What they say is sealed in Redis."""

from typing import Any

from models.incidents import Mode
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Cut, EpisodeUpdate, Revision, Silenced
from state.scripts import Script, unpack

EPISODES = Script("episodes")
MAX_MEMBERS_CLAIMED = 500
SILENCED = b"-"
"""What stands in `revision:` for a finding that a dismissal kept from being told."""
CUT = b"#"
"""What stands there for a finding that would have opened one episode too many of its event."""


class EpisodeCodec:
    """Hides what a claim says on the way in and shows it again on the way out."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    def key(self, claim: EpisodeUpdate, mode: Mode) -> bytes:
        """The name, in its shard, of the episode that the claim is about where it is told in that mode."""
        return self._pseudonyms.key_of((claim.owner,), *claim.key[:2], mode, *claim.key[2:])

    def request(self, claim: EpisodeUpdate, daily_cap: int, may_open: int) -> tuple[Any, ...]:
        """One claim of the script's request. `daily_cap` is the shard's share, `may_open` how many episodes the claim's event
        may open there.
        """
        seal = self._pseudonyms.seal
        terms = claim.feedback
        return (
            self.key(claim, claim.mode),
            self._pseudonyms.event(claim.identity),
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
            self._pseudonyms.member(claim.subject),
            self._pseudonyms.rule(terms.rule),
            self._pseudonyms.seal_bytes(terms.memo),
            terms.kept // MICROSECONDS,
            terms.record,
            terms.silence,
            terms.graver,
            claim.shadow_reason,
            daily_cap,
            self.key(claim, "shadow"),
            claim.shadow_incident_id,
            may_open,
            self._pseudonyms.about(terms.about),
            seal(terms.origin) if terms.origin else b"",
        )

    def answer(self, packed: bytes) -> Revision | Silenced | Cut | None:
        """One answer of the script."""
        if packed == SILENCED:
            return Silenced()
        if packed == CUT:
            return Cut()
        return self._revision(packed) if packed else None

    def _revision(self, packed: bytes) -> Revision:
        # what was told before there was any feedback has no record, and before there were caps no reason
        incident_id, revision, opened, event_ids, opening, payload, member_count, members, *rest = unpack(packed)
        prior, strikes, reason = rest if len(rest) == 3 else (*(rest or (0, 0)), b"")
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
            prior,
            strikes,
            reason.decode(),
        )

    def told(self, packed: bytes) -> list[Revision]:
        """All that one event was told."""
        return [self._revision(answer) for _, answer, *_ in unpack(packed) if answer not in (SILENCED, CUT)]
