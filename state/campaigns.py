"""Campaigns: which of them texts belong to, where signatures (`state.joining`) leave that open."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha1
from itertools import combinations, islice
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from cryptography.exceptions import InvalidTag

from state.boilerplate import stretches
from state.packing import compressed, decompressed
from state.pseudonyms import MEMBER_BYTES, Pseudonyms
from state.requests import Campaign, MergeDecision, Text
from text.forms import are_one_form, is_harmless_form, may_be_form
from text.likeness import (
    MAX_LETTERS,
    are_copies,
    drop_texts,
    hold_together,
    letters_of,
    sentences,
    share_a_part,
    stands_beside,
    without,
)
from text.shared import LongPart, is_frame_of_sentences, long_part_of_sentences, share_of_sentences
from text.signature import SIGNATURE_BYTES, of_words, signatures
from text.slots import SIEVE_BYTES, SURE, sieve_of

SIGNATURE_SCHEME = "affine32x128w128p128s"
ID_BYTES, HEAD_BYTES = 16, 26
"""Of a campaign's id; of its head, id and number."""
FIELD_BYTES = 14
"""Of the name of a text in a table: just small enough for a size of blocks that Redis takes memory in."""
BEGINNING_BYTES = FIELD_BYTES // 2
"""Of a campaign's id and of a digest, what tells which event and text it is."""
ANSWER_BYTES, JUDGED_BYTES = 22, 23
"""Of an answer: campaign id and similarity; and what it says besides. What is not decided is longer."""
FRAMED_ONLY = b"f"
_UPHELD, _FRAMED = (b"1", b"3"), (FRAMED_ONLY, b"2", b"3")
"""What says that it repeats what was upheld, and `Campaign.framed`. It is `FRAMED_ONLY` until the former is known."""
_SIGNED, _SIEVED = b"s", b"-"
"""What comes behind the head in a leader's record: the signature, or what sifts texts (`text.slots.sieve_of`); then comes the
sealed text.
"""
_CACHED_SIGNATURES, _CACHED_TEXTS = 4_000, 500
_ALONE = -1
"""No place among the texts that are compared three at once."""
_FEW_LETTERS = 60
"""Of shorter texts three say together what two do not."""
_may_be_harmless = lru_cache(64)(is_harmless_form)
"""A text is looked at once, whatever number it is compared with, and only where one is like a form."""
_INCIDENTS = 20
"""Judged incidents of one campaign."""
CAMPAIGN_NAMESPACE = uuid5(NAMESPACE_URL, "https://twinwatch.example/campaign")


class CampaignCodec:
    """Knows in which generations a text's campaign may stand. `generation`, `lateness` and `boilerplate`, a stretch for which
    it is kept what was learnt as such, in seconds.
    """

    scope = f"{SIGNATURE_SCHEME}:"
    """Part of all its keys: signatures of another scheme must never be compared with these."""

    def __init__(
        self,
        pseudonyms: Pseudonyms,
        *,
        generation: int,
        lateness: int,
        grace: int,
        boilerplate: int,
        boilerplate_ttl: int,
    ) -> None:
        self._pseudonyms = pseudonyms
        self._generation, self._lateness = generation, lateness
        self._stretch = boilerplate
        self.ttl = 2 * generation + lateness + grace
        """Seconds for which a campaign is remembered that nobody joins."""
        self.learnt_ttl = boilerplate_ttl
        """The same of what is boilerplate and is used no more."""
        self._words_of = lru_cache(_CACHED_TEXTS)(self._opened_words)
        self._signatures: dict[bytes, bytes] = {}
        """Of texts that leaders keep sealed: those that were asked for last."""

    def generations(self, time: int) -> list[int]:
        """The generation of `time`, and the others in which its campaign may stand: the one before, and, for a text that
        is up to `lateness` late at a boundary, the one after.
        """
        return stretches(time, self._generation, self._lateness)

    def stretches(self, time: int) -> list[int]:
        """The same of stretches for which it is kept what was learnt as boilerplate."""
        return stretches(time, self._stretch, self._lateness)

    def rest_of(self, text: Text) -> bytes:
        """What stands in a leader's record behind the head: nothing of a text without a signature. Of a text that is kept
        whole the signature is not kept: it is made again for those few that the sieve lets through.
        """
        if not text.signature or not text.words:
            return text.signature and _SIGNED + text.signature
        kept = kept_of(self._pseudonyms, text)
        if len(text.words) > MAX_LETTERS:
            return _SIGNED + text.signature + kept
        self._remember({kept: text.signature})
        return _SIEVED + sieve_of(text.signature) + kept

    def prepare(self, records: Iterable[bytes]) -> None:
        """Make the signatures of all these records at once: one by one takes several times as long."""
        sealed = dict.fromkeys(
            kept for record in records if not _is_signed(record) and (kept := text_in(record)) not in self._signatures
        )
        words = {one: said for one in sealed if (said := self._words_of(one))}
        made = signatures(of_words(list(words.values())), self._pseudonyms.salt)
        self._remember(dict.fromkeys(sealed, b"") | dict(zip(words, made, strict=True)))

    def _opened_words(self, sealed: bytes) -> str:
        """The words of a text as a leader keeps it; nothing where it cannot be read."""
        return opened_text(self._pseudonyms, sealed)[MEMBER_BYTES:].decode()

    def words_in(self, record: bytes) -> str:
        """The words of the text that a leader keeps, if there are any and its record is read with this key."""
        return self._words_of(text_in(record))

    def drop_texts(self) -> None:
        """Hold none of the texts any longer that were compared in a batch."""
        self._words_of.cache_clear()
        _may_be_harmless.cache_clear()
        drop_texts()

    def _remember(self, signatures_of: dict[bytes, bytes]) -> None:
        self._signatures |= signatures_of
        for one in list(islice(self._signatures, max(0, len(self._signatures) - _CACHED_SIGNATURES))):
            del self._signatures[one]

    def signature_in(self, record: bytes) -> bytes:
        """The signature of a leader's text, if there is one that can be told."""
        if len(record) <= HEAD_BYTES:
            return b""
        if _is_signed(record):
            return record[HEAD_BYTES + 1 : HEAD_BYTES + 1 + SIGNATURE_BYTES]
        kept = text_in(record)
        if kept not in self._signatures:
            self.prepare([record])
        return self._signatures[kept]

    def answers(
        self, texts: Sequence[Text], answers: Sequence[Any], known: Any
    ) -> tuple[list[Campaign | None], list[tuple[str, ...]], list[MergeDecision]]:
        """The campaign of each text, the ids of those that became part of it through the text, and the decisions on which that
        rests, all in the order of the texts.

        `answers` are those of `state.joining`, `known` is that of `state.upheld.UpheldTexts.recall`.
        """
        repeated, judged, counting = known
        merges = _Merges(judged, counting, self._pseudonyms)
        campaigns: list[Campaign | None] = []
        merged: list[tuple[str, ...]] = []
        decisions: list[MergeDecision] = []
        answered: dict[bytes, bytes] = {}
        quoting = _Quoting()
        for text, answer, repeats in zip(texts, answers, repeated, strict=True):
            if len(answer) == 2:
                told, kind = answer[1][: ANSWER_BYTES - ID_BYTES], answer[1][ANSWER_BYTES - ID_BYTES :]
                campaigns.append(_campaign(answer[0], told, upheld=bool(repeats), framed=kind in _FRAMED))
                merged.append(())
                quoting.add(text, answer[0])
                continue
            joined, alike, root, name, others, boilerplate, is_framed = answer
            result = answered.get(name)
            merged_in: list[bytes] = []
            holding: list[bytes] = []
            shares: tuple[bytes, LongPart] | None = None
            if result is None:
                known = [line for line, many in zip(sentences(text.words), boilerplate, strict=True) if many]
                same: list[tuple[bytes, bytes, int]] = []
                parts: list[tuple[bytes, bytes, int]] = []
                compared: list[_Compared] = []
                framed: list[bool] = []
                beside = quoting.beside(text)
                own = merges.root_of(root)[0]
                for head, share, sealed, clear, shared in others:
                    other = merges.root_of(head)[0]
                    # what is one with it by now nobody would ask for in a batch of its own
                    if other == own or other[:ID_BYTES] in beside:
                        continue
                    if shared:
                        if alike_in := _share_of(text, shared):
                            parts.append((head, b"%.4f" % alike_in, _ALONE))
                            framed.append(_is_frame(text, shared))
                        elif long_part := _long_part_of(text, shared):
                            shares = min(
                                shares or (other, long_part), (other, long_part), key=lambda one: one[0][ID_BYTES:]
                            )
                        continue
                    words, is_copy, is_part = (
                        ("", True, False) if not sealed else self._same(text, sealed, known, clear=bool(clear))
                    )
                    if is_copy or is_part:
                        at = len(compared) if words and is_copy else _ALONE
                        (same if is_copy else parts).append((head, share, at))
                        framed.append(bool(words) and stands_beside(text.words, words))
                    if words and not is_part:
                        compared.append(_Compared(head, share, words, is_copy))
                together = _together(text, known, compared) if len(compared) > 1 else frozenset[int]()
                same += [
                    (compared[at].head, compared[at].share, at) for at in sorted(together) if not compared[at].is_copy
                ]
                # what is a copy of anything but another form of itself is no text with a part of another
                if shares and not _are_of(text, texts, [joined, *(head for head, *_ in same)]):
                    shares = None
                # a text that holds those of several others must not make one campaign of them
                if parts and not same and joined[:ID_BYTES] == campaign_id_of(text):
                    same = [min(parts, key=lambda part: merges.root_of(part[0])[0][ID_BYTES:])]
                for head, share, at in same:
                    if younger := merges.unite(root, head, float(share)):
                        merged_in.append(younger)
                        holding += [younger] if at in together else []
                oldest, by_merging = merges.root_of(root)
                if shares and merges.root_of(shares[0])[0] == oldest:
                    shares = None
                result = oldest[:ID_BYTES] + b"%.4f" % min(float(alike), by_merging)
                is_first = joined[:ID_BYTES] == campaign_id_of(text)
                is_framed = bool(is_framed or (same and framed and is_first)) and all(framed)
                if name:
                    upheld = bool(repeats) or merges.is_upheld(oldest, text)
                    merges.judge(oldest, repeats)
                    result += b"%d" % (upheld + 2 * is_framed)
                    answered[name] = result
                    generations = self.generations(text.time)
                    united = [(head, share) for head, share, _ in same]
                    decisions.append(MergeDecision(name, generations, joined, united, result, merges.judged_of(oldest)))
                else:  # the text is one too many of its author's, and `state.upheld` has decided
                    result += b"%d" % (repeats + 2 * is_framed)
            quoting.add(text, result[:ID_BYTES])
            campaigns.append(
                _campaign(
                    result[:ID_BYTES],
                    result[ID_BYTES:ANSWER_BYTES],
                    upheld=result[ANSWER_BYTES:] in _UPHELD,
                    framed=result[ANSWER_BYTES:] in _FRAMED,
                    holding=holding,
                    shares=shares,
                )
            )
            merged.append(tuple([_written(head[:ID_BYTES]) for head in merged_in]))
        return campaigns, merged, decisions

    def _same(self, text: Text, sealed: bytes, boilerplate: list[str], *, clear: bool) -> tuple[str, bool, bool]:
        """What of the other text is compared, "" where that is too little or a form; whether two texts are copies, without the
        sentences that many use, and whether else they share a part. `clear`: whether they are copies with those sentences.
        """
        kept = self._words_of(sealed)
        if not kept:
            return "", clear, False
        one: str | None = text.words
        other: str | None = kept
        if boilerplate:
            one, other = without(text.words[:MAX_LETTERS], boilerplate), without(kept, boilerplate)
        if one is None or other is None:
            return "", clear, False
        certain = clear and not boilerplate and not text.quotes and _is_certain(one, other)
        is_copy = certain or are_copies(one, other)
        is_part = not is_copy and share_a_part(one, other)
        if (is_copy or is_part) and are_one_form(one, other) and _may_be_harmless(text.seen):
            return "", False, False
        return other, is_copy, is_part


def _is_certain(one: str, other: str) -> bool:
    """Whether texts are so long that signatures decide alone."""
    return letters_of(one) + letters_of(other) >= 2 * SURE


def _share_of(text: Text, shared: bytes) -> float:
    """How much of two texts the sentences are that both have, where these say that one text stands in both; else 0.

    `shared`: of how many letters the other text is (16 bits), and the number of each such sentence.
    """
    lines = sentences(text.words)
    return share_of_sentences(
        text.words, int.from_bytes(shared[:2]), [lines[number - 1] for number in shared[2:]], text.seen
    )


def _is_frame(text: Text, shared: bytes) -> bool:
    """Whether these sentences are what members write above or below words of their own."""
    lines = sentences(text.words)
    return is_frame_of_sentences(text.words, int.from_bytes(shared[:2]), [lines[number - 1] for number in shared[2:]])


def _long_part_of(text: Text, shared: bytes) -> LongPart | None:
    """The same where these sentences are but a long part of both. What is shown as others' words is theirs."""
    if text.claimed:
        return None
    lines = sentences(text.words)
    return long_part_of_sentences(
        text.words, int.from_bytes(shared[:2]), [lines[number - 1] for number in shared[2:]], text.seen
    )


def _are_of(text: Text, texts: Iterable[Text], heads: Iterable[bytes]) -> bool:
    """Whether the event of a text has founded all these campaigns."""
    founded = {campaign_id_of(one) for one in texts if one.identity == text.identity}
    return all(head[:ID_BYTES] in founded for head in heads)


class _Merges:
    """Which campaigns turned out to be one while a batch was answered, besides what the store knows.

    A *head* is a campaign's id and its number; the lower number is the older campaign, into which the other is merged, with
    the verdicts on it. `judged`: (campaign id, ids of incidents); `counting`: (id of an upheld incident, from, until, whether
    in a forum, 1 or 0, and the hash of who wrote the text first, where these are known).
    """

    def __init__(
        self, judged: Iterable[tuple[bytes, list[bytes]]], counting: Iterable[Sequence[Any]], pseudonyms: Pseudonyms
    ) -> None:
        self._older: dict[bytes, tuple[bytes, float]] = {}
        self._judged = dict(judged)
        self._counting = {incident: (after, until, *more) for incident, after, until, *more in counting}
        self._pseudonyms = pseudonyms

    def root_of(self, head: bytes) -> tuple[bytes, float]:
        """The campaign that `head` is part of, and the least similarity of those that it was merged for."""
        similarity = 1.0
        while head in self._older:
            head, share = self._older[head]
            similarity = min(similarity, share)
        return head, similarity

    def unite(self, left: bytes, right: bytes, similarity: float) -> bytes | None:
        """Two campaigns are one; the one that becomes part of the other by that, if they were not one already."""
        older, younger = sorted((self.root_of(left)[0], self.root_of(right)[0]), key=lambda head: head[ID_BYTES:])
        if older == younger:
            return None
        self._older[younger] = older, similarity
        self.judge(older, self.judged_of(younger))
        return younger

    def judge(self, head: bytes, incidents: Sequence[bytes]) -> None:
        """What was judged counts for the campaign, too."""
        self._judged[head[:ID_BYTES]] = add_incidents(self.judged_of(head), incidents)

    def judged_of(self, head: bytes) -> list[bytes]:
        """Incidents of a campaign that people have judged."""
        return self._judged.get(head[:ID_BYTES], [])

    def is_upheld(self, head: bytes, text: Text) -> bool:
        """Whether an upheld incident of the campaign counts for a text of that time."""
        counting = (self._counting[incident] for incident in self.judged_of(head) if incident in self._counting)
        author = self._pseudonyms.member(text.author)
        return any(
            after < text.time <= until and more[:1] in ([], [int(text.public)]) and author not in more[1:]
            for after, until, *more in counting
        )


def add_incidents(known: Sequence[bytes], incidents: Iterable[bytes]) -> list[bytes]:
    """Incidents of a text or campaign, each once, the latest."""
    new = [incident for incident in dict.fromkeys(incidents) if incident not in known]
    return [*known, *new][-_INCIDENTS:]


class _Quoting:
    """Which campaigns an author's own words stand beside, in a text that shows what others wrote before."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._campaigns: dict[str, list[bytes]] = {}

    def add(self, text: Text, campaign_id: bytes) -> None:
        """The campaign of one form of a text. What is shown comes first, then the whole, then the own words."""
        if text.claimed and campaign_id != campaign_id_of(text):
            self._shown[text.identity], self._campaigns[text.identity] = text.words, [campaign_id]
        elif text.identity in self._shown:
            self._campaigns[text.identity].append(campaign_id)

    def beside(self, text: Text) -> list[bytes]:
        """Campaigns that own words have something of only because they stood in one text with what is shown."""
        campaigns = self._campaigns.get(text.identity, [])
        return campaigns if len(campaigns) > 1 and not are_copies(text.words, self._shown[text.identity]) else []


class _Compared(NamedTuple):
    """A text that another one was compared with: the head of its campaign, how alike signatures are, its words, and whether
    they are copies.
    """

    head: bytes
    share: bytes
    words: str
    is_copy: bool


def _together(text: Text, boilerplate: list[str], compared: Sequence[_Compared]) -> frozenset[int]:
    """The places of those of which two and the text are copies of one another, seen all three at once."""
    words = without(text.words[:MAX_LETTERS], boilerplate) if boilerplate else text.words
    if words is None:
        return frozenset()
    may_be_near = letters_of(words) < _FEW_LETTERS and not may_be_form(text.seen)
    found: set[int] = set()
    for (at, one), (by, other) in combinations(enumerate(compared), 2):
        if one.is_copy and other.is_copy:
            hold = are_copies(one.words, other.words) or hold_together(words, one.words, other.words)
        else:  # three that are a few words each say more together than by twos
            few = may_be_near and max(letters_of(one.words), letters_of(other.words)) < _FEW_LETTERS
            hold = few and hold_together(words, one.words, other.words)
        found |= {at, by} if hold else set()
    return frozenset(found)


def _campaign(
    campaign_id: bytes,
    similarity: bytes,
    *,
    upheld: bool,
    holding: Sequence[bytes] = (),
    shares: tuple[bytes, LongPart] | None = None,
    framed: bool = False,
) -> Campaign | None:
    if not campaign_id:
        return None
    ids = tuple([_written(head[:ID_BYTES]) for head in holding])
    shared = (_written(shares[0][:ID_BYTES]), *shares[1]) if shares else None
    return Campaign(_written(campaign_id), float(similarity), upheld, ids, shared, framed)


def _written(campaign_id: bytes) -> str:
    """As a UUID is written; the module `uuid` takes four times as long."""
    digits = campaign_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def kept_of(pseudonyms: Pseudonyms, text: Text) -> bytes:
    """What a leader keeps of its text, and whose it is, so that it can be forgotten: sealed together, because nobody without
    the key need know. Words of letters alone: no number, no link, no address is in it.
    """
    words = compressed(text.words[:MAX_LETTERS].encode())
    return pseudonyms.seal_bytes(pseudonyms.member(text.author) + words)


def opened_text(pseudonyms: Pseudonyms, sealed: bytes) -> bytes:
    """Author and text as `kept_of` sealed them, or nothing where there are none or they were kept under another key."""
    try:
        opened = pseudonyms.unseal_bytes(sealed) if sealed else b""
    except InvalidTag:
        return b""
    return opened and opened[:MEMBER_BYTES] + decompressed(opened[MEMBER_BYTES:])


def text_in(record: bytes) -> bytes:
    """The sealed author and text in a leader's record, if they are there."""
    return record[HEAD_BYTES + 1 + (SIGNATURE_BYTES if _is_signed(record) else SIEVE_BYTES) :]


def sieve_in(record: bytes) -> bytes:
    """What sifts texts in a leader's record; nothing where there is no signature."""
    if _is_signed(record):
        return sieve_of(record[HEAD_BYTES + 1 :])
    return record[HEAD_BYTES + 1 : HEAD_BYTES + 1 + SIEVE_BYTES]


def _is_signed(record: bytes) -> bool:
    return record[HEAD_BYTES : HEAD_BYTES + 1] == _SIGNED


def leader_without(pseudonyms: Pseudonyms, record: bytes, member: bytes) -> bytes:
    """A record of `leader:` without its text, if that is the member's: signatures then decide alone what is a copy of it."""
    opened = opened_text(pseudonyms, text_in(record))
    if not opened.startswith(member) or not opened:
        return record
    if _is_signed(record):
        return record[: HEAD_BYTES + 1 + SIGNATURE_BYTES]
    [signature] = signatures(of_words([opened[MEMBER_BYTES:].decode()]), pseudonyms.salt)
    return record[:HEAD_BYTES] + _SIGNED + signature


def campaign_id_of(text: Text) -> bytes:
    """The id of the campaign that the text founds."""
    # as `uuid.uuid5` makes it, which takes more than twice as long
    name = CAMPAIGN_NAMESPACE.bytes + f"{text.identity}\n{text.digest.hex()}".encode()
    found = bytearray(sha1(name, usedforsecurity=False).digest()[:ID_BYTES])
    found[6], found[8] = found[6] & 0x0F | 0x50, found[8] & 0x3F | 0x80
    return bytes(found)


def has_founded(text: Text, campaign: Campaign) -> bool:
    """Whether the text is the one that founded the campaign."""
    return campaign.campaign_id == _written(campaign_id_of(text))


def name_in_store(text: Text) -> bytes:
    """The text's field of the table `seen`."""
    return named_by(campaign_id_of(text), text)


def named_by(campaign_id: bytes, text: Text) -> bytes:
    """The same, by the id of the campaign that the text founds."""
    return campaign_id[:BEGINNING_BYTES] + text.digest[:BEGINNING_BYTES]
