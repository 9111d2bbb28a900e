"""Campaigns: texts as `campaigns.lua` takes them, the campaigns that it answers, and what it leaves to be decided here."""

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from cryptography.exceptions import InvalidTag

from state.pseudonyms import MEMBER_BYTES, Pseudonyms
from state.requests import MICROSECONDS, Campaign, Decision, Text
from state.scripts import Script
from text.likeness import MAX_LETTERS, are_copies, sentences, without

CAMPAIGNS = Script("campaigns", "signatures")
MERGES = Script("merges")
SIGNATURE_SCHEME = "affine32x128w128p128"
_ID_BYTES = 16
_LEADER_BYTES = 540
"""Of a leader's record before the sealed text."""
_SENTENCE_BYTES, _WITNESS_BYTES = 8, 18
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
        self._generation, self._lateness = generation, lateness
        self._ttl = 2 * generation + lateness + grace

    def request(self, texts: list[Text]) -> tuple[Any, ...]:
        """The script's request."""
        return (
            self._bands,
            self._threshold,
            self._ttl,
            self._most,
            [
                (
                    text.digest,
                    text.signature,
                    campaign_id_of(text),
                    self.generations(text.time),
                    self._pseudonyms.member(text.author),
                    _kept(self._pseudonyms, text) if text.signature and text.words else b"",
                    [
                        (
                            sentence := self._pseudonyms.key(line)[:_SENTENCE_BYTES],
                            len(line),
                            _witness(self._pseudonyms, sentence, text.author),
                        )
                        for line in sentences(text.words)
                    ],
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

    def answers(self, texts: Sequence[Text], answers: Sequence[Any]) -> tuple[list[Campaign | None], list[Decision]]:
        """The campaign of each text, and the decisions on which that rests, both in the order of the texts."""
        merges = _Merges()
        campaigns: list[Campaign | None] = []
        decisions: list[Decision] = []
        answered: dict[bytes, bytes] = {}
        for text, answer in zip(texts, answers, strict=True):
            if len(answer) == 2:
                campaigns.append(_campaign(*answer))
                continue
            joined, alike, root, name, others, boilerplate = answer
            result = answered.get(name)
            if result is None:
                known = [line for line, many in zip(sentences(text.words), boilerplate, strict=True) if many]
                same = [
                    (head, share)
                    for head, share, sealed, clear in others
                    if not sealed or self._same(text, sealed, known, clear=bool(clear))
                ]
                for head, share in same:
                    merges.unite(root, head, float(share))
                oldest, by_merging = merges.root_of(root)
                result = oldest[:_ID_BYTES] + b"%.4f" % min(float(alike), by_merging)
                if name:  # else the text is one too many of its author's
                    answered[name] = result
                    decisions.append(Decision(name, self.generations(text.time), joined, same, result))
            campaigns.append(_campaign(result[:_ID_BYTES], result[_ID_BYTES:]))
        return campaigns, decisions

    def decided(self, decisions: Sequence[Decision]) -> tuple[Any, ...]:
        """The request of `merges.lua`."""
        return self._ttl, [(d.name, d.generations, d.joined, d.same, d.answer) for d in decisions]

    def _same(self, text: Text, sealed: bytes, boilerplate: list[str], *, clear: bool) -> bool:
        """Whether two texts are copies, without the sentences that many use. `clear`: whether they are with them."""
        kept = _opened(self._pseudonyms, sealed)[MEMBER_BYTES:].decode()
        if not kept:
            return clear
        if not boilerplate:
            return are_copies(text.words, kept)
        one, other = without(text.words[:MAX_LETTERS], boilerplate), without(kept, boilerplate)
        return clear if one is None or other is None else are_copies(one, other)


class _Merges:
    """Which campaigns turned out to be one while a batch was answered, besides what the store knows.

    A *head* is a campaign's id and its number; the lower number is the older campaign, and takes in the other.
    """

    def __init__(self) -> None:
        self._older: dict[bytes, tuple[bytes, float]] = {}

    def root_of(self, head: bytes) -> tuple[bytes, float]:
        """The campaign that `head` is part of, and the least similarity of those that it was merged for."""
        similarity = 1.0
        while head in self._older:
            head, share = self._older[head]
            similarity = min(similarity, share)
        return head, similarity

    def unite(self, left: bytes, right: bytes, similarity: float) -> None:
        """Two campaigns are one."""
        older, younger = sorted((self.root_of(left)[0], self.root_of(right)[0]), key=lambda head: head[_ID_BYTES:])
        if older != younger:
            self._older[younger] = older, similarity


def _campaign(campaign_id: bytes, similarity: bytes) -> Campaign | None:
    return Campaign(str(UUID(bytes=campaign_id)), float(similarity)) if campaign_id else None


def _kept(pseudonyms: Pseudonyms, text: Text) -> bytes:
    """What a leader keeps of its text, and whose it is, so that it can be forgotten: sealed together, because nobody without
    the key need know. Words of letters alone: no number, no link, no address is in it.
    """
    return pseudonyms.seal_bytes(pseudonyms.member(text.author) + text.words[:MAX_LETTERS].encode())


def _opened(pseudonyms: Pseudonyms, sealed: bytes) -> bytes:
    """Author and text as `_kept` sealed them, or nothing where there are none or they were kept under another key."""
    try:
        return pseudonyms.unseal_bytes(sealed) if sealed else b""
    except InvalidTag:
        return b""


def _witness(pseudonyms: Pseudonyms, sentence: bytes, author: str) -> bytes:
    """That an author wrote a sentence (hashed): says so only to who holds the key and knows the author."""
    return pseudonyms.key(sentence.hex(), author)[:_SENTENCE_BYTES]


def leader_without(pseudonyms: Pseudonyms, record: bytes, member: bytes) -> bytes:
    """A record of `leader:` without its text, if that is the member's: signatures then decide alone what is a copy of it."""
    own = _opened(pseudonyms, record[_LEADER_BYTES:]).startswith(member)
    return record[:_LEADER_BYTES] if own else record


def witnesses_without(pseudonyms: Pseudonyms, sentence: bytes, witnesses: bytes, author: str) -> bytes:
    """A field and value of `sentence:` as they would be if the author had not written it; boilerplate stays what it is."""
    own = _witness(pseudonyms, sentence, author)
    each = [witnesses[at : at + _WITNESS_BYTES] for at in range(0, len(witnesses), _WITNESS_BYTES)]
    return b"".join(one for one in each if not one.startswith(own))


def campaign_id_of(text: Text) -> bytes:
    """The id of the campaign that the text founds. Of the text too: a sender may number all its events alike."""
    return uuid5(CAMPAIGN_NAMESPACE, f"{text.event_id}\n{text.digest.hex()}").bytes
