"""The one pass over a batch's texts: everything that rules and state later need to know about each text.

Nothing else reads what members write. What copies are compared by is made for the whole batch at once; the rest when a rule
first asks for it, and then it is kept with the text. All of it is dropped with the batch.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from models.events import WrittenFields
from text import anchors, tables
from text.anchors import ANYTHING, at_stake
from text.commerce import NO_COMMERCE, OTHER_SCRIPT, CommerceReading, commerce_of, has_price, has_signs
from text.courtesies import Said, weigh
from text.footers import has_contacts, parted
from text.hostility import ABUSE_KINDS, PEACEFUL, THREAT_KINDS, Hostility, read_hostility
from text.links import Link, leads_to, links_of
from text.masking import excerpt
from text.normalise import (
    EMAIL,
    LINK,
    PHONE,
    Undisguised,
    compose,
    drop_punctuation,
    drop_tags,
    unaddressed,
    unaddressed_all,
    undisguise,
    undisguise_all,
    word_characters,
)
from text.normalise_letters import answers
from text.normalise_lookalikes import is_ordinary
from text.normalise_ornate import fold_disguise
from text.once import once
from text.parts import Shown, is_nothing_but_quoted, is_unparted, taken_apart
from text.personal_data import PersonalDatum, asks_for_removal, find_personal_data, glance, tells_of_leak
from text.personal_data.marks import Marks
from text.personal_data.pupils import may_be_told, told_of_pupils
from text.romanised import romanised_in
from text.signature import (
    SIGNATURE_BYTES,
    SIGNATURE_SLOTS,
    Codes,
    Compared,
    comparable,
    compare,
    compared_lines,
    digest,
    lines_table,
    of_words,
    signatures,
    skeletons,
)
from text.words import WordMemo
from text.written import Written, read_written

__all__ = [
    "NOTHING_WRITTEN",
    "SIGNATURE_BYTES",
    "SIGNATURE_SLOTS",
    "TextReading",
    "Writing",
    "passages",
    "read_texts",
    "read_writings",
]

MIN_COMPARED_CHARACTERS = 20
"""Shorter texts, counted in letters and one space between words, are said by everybody. Real campaigns of so short a text are
common (a fifth of those of July 2015 have fewer than 24 letters), and of 30,000 chat messages no text of 20 characters was
written by three people on one day."""
MIN_SUBSTANCE_LETTERS, MIN_LEADING_SUBSTANCE = 8, 5
"""Nor is there a signal in politeness alone, "thank you, see you tomorrow": so many letters must stand in other words. One
such word is enough beside a link."""
POLITE_LETTERS, LEADING_LETTERS = 120, 40
"""Longer texts are more than politeness, and need not be looked at word by word. From the second on are those that lead
somewhere: that friendly words are all around a link does not make it a greeting."""
MIN_ABOVE_CHARACTERS, MIN_ABOVE_NOTICE = 60, 20
"""Above a footer (`text.footers`) so many are the text, or above a mere notice. What is shorter, a greeting
on a letterhead, is compared with it."""
MIN_SIGNED_LETTERS = 12
"""Below, a letter that was changed leaves so few shingles that half of the copies are not found by them."""
MIN_SIGNED_BESIDE_TAGS = 24
"""The same for what is left of a text without its hashtags: they say what so short a text is about."""


class TextReading(Struct, frozen=True, kw_only=True, dict=True):
    """What one text says.

    `seen`, `targets`, `cut` and `veiled` are those of `text.written.Written`: the text as a reader sees it. `undisguised` is
    the text with its disguise taken off (look-alike letters, invisible characters, leetspeak, spaced-out words) and case
    folded, but with its words, links and punctuation in place: what phrases are looked up in. `normalised` is what copies
    are compared by: links, addresses, numbers and the addressee's name masked besides. `digest` (16 bytes) is equal for
    texts whose normalised letters are equal, whatever stands for their vowels (`text.signature.skeletons`), and None where
    the text is too short to carry a signal. `signature` (`SIGNATURE_BYTES` bytes, of the text without its hashtags) is None
    where that is too short to be found by it. `words` is what was signed, a sentence or line a line: letters and spaces,
    nothing else.

    Of a text that shows others' words (`text.parts`), `own` is the reading of the author's part and `claimed` that of the
    words shown; whether these are others' is not for the text to say. What is compared is all of it, without marks; of another
    text with a footer, what stands `above` it and the `footer`, each by itself.
    `stakes` (`text.anchors`) are what it may be about. With `only_leads` there is nothing but politeness around a link, an
    address or a number; then the digest is of these.
    """

    undisguised: str
    normalised: str
    digest: bytes | None
    signature: bytes | None
    words: str = ""
    seen: str = ""
    targets: tuple[str, ...] = ()
    cut: bool = False
    veiled: bool = False
    memo: WordMemo = field(default_factory=WordMemo)
    stakes: int = ANYTHING
    shown: Shown | None = None
    own: "TextReading | None" = None
    claimed: "TextReading | None" = None
    above: "TextReading | None" = None
    footer: "TextReading | None" = None
    only_leads: bool = False

    @once
    def links(self) -> tuple[Link, ...]:
        """Those that are seen, then those that the text only leads to."""
        return links_of(self.seen, self.targets) if self.targets or self.stakes & anchors.LINKED else ()

    @once
    def romanised(self) -> tuple[str, ...]:
        """The languages that the text may be typed in with Latin letters, the likeliest first; mostly none."""
        return romanised_in(self.seen, self.memo) if self.stakes & anchors.TYPED else ()

    @once
    def is_disguised(self) -> bool:
        """Whether something is written that a reader does not see, or other letters than a reader takes them for."""
        return self.veiled or (not is_ordinary(self.seen) and (one := compose(self.seen)) != fold_disguise(one))

    @property
    def leads_somewhere(self) -> bool:
        """Whether the text has a link, an address, or a number to call."""
        return bool(self.targets) or _leads_somewhere(self.normalised)


class Writing(Struct, frozen=True, kw_only=True, dict=True):
    """All that a member wrote in one event: the readings of `models.events.WrittenFields`, None where nothing is written.

    `language` is the event's (BCP 47), a hint. Of a text that only shows others' words `text` is the author's own part, and
    `whole` all of it: what a moderator gets to read, and where personal data are looked for. `across` is what may be at stake
    where the heading and the text meet.
    """

    heading: TextReading | None = None
    beside: TextReading | None = None
    text: TextReading | None = None
    language: str | None = None
    whole: TextReading | None = None
    across: int = ANYTHING

    @once
    def parts(self) -> tuple[TextReading, ...]:
        """What there is, in the order in which it is read."""
        return tuple([part for part in (self.heading, self.beside, self.text) if part])

    def without_shown(self) -> "Writing":
        """What the author answers for, where the text only shows what others wrote."""
        return replace(self, text=self.text.own, whole=self.text) if self.text else self

    @once
    def seen(self) -> str:
        """All of it as a reader sees it, each part on lines of its own."""
        parts = (self.heading, self.beside, self.whole or self.text)
        return "\n".join([part.seen for part in parts if part and part.seen])

    @once
    def links(self) -> tuple[Link, ...]:
        """The links of all parts, each part's own limit applied."""
        return tuple([link for part in self.parts for link in part.links])

    @once
    def hostility(self) -> Hostility:
        """The gravest threat and abuse of all parts."""
        found = [self._hostility_of(part) for part in self.parts if part.stakes & (anchors.HOSTILITY | anchors.TYPED)]
        if all(one == PEACEFUL for one in found):
            return PEACEFUL
        threats, abuses = ({one.threat: one for one in reversed(found)}, {one.abuse: one for one in reversed(found)})
        threat = next((kind for kind in THREAT_KINDS if kind in threats), None)
        abuse = next((kind for kind in ABUSE_KINDS if kind in abuses), None)
        return Hostility(
            threat,
            abuse,
            threat_in=threats[threat].threat_in if threat else "",
            abuse_in=abuses[abuse].abuse_in if abuse else "",
            joked=all(one.joked for one in found if one != PEACEFUL),
            marked=all(one.marked for one in found if one != PEACEFUL),
            framed=all(one.framed for one in found if one != PEACEFUL),
            answered=all(one.answered for one in found if one != PEACEFUL),
            announced=all(one.announced for one in found if one != PEACEFUL),
            passed_on=all(one.passed_on for one in found if one != PEACEFUL),
            words=tuple(words for one in found for words in one.words),
        )

    def _hostility_of(self, part: TextReading) -> Hostility:
        found = read_hostility(
            part.undisguised,
            self.language,
            part.memo,
            part.seen,
            part.romanised,
            languages=part.stakes >> anchors.HOSTILE_IN,
        )
        if found == PEACEFUL:
            return self._said_of_another(part)
        if part is self.heading:
            return replace(found, answered=answers(part.seen))
        return replace(found, announced=_ANNOUNCED.match(part.seen) is not None)

    def _said_of_another(self, part: TextReading) -> Hostility:
        """The threat of a text that says nothing but that somebody wrote it: whoever shows or reports it says why."""
        shown, claimed = part.shown, part.claimed
        if not (shown and claimed and claimed.stakes & anchors.HOSTILITY) or not is_nothing_but_quoted(
            part.seen, shown
        ):
            return PEACEFUL
        found = self._hostility_of(claimed)
        return replace(found, abuse=None, marked=True, framed=True, passed_on=True) if found.threat else PEACEFUL

    @once
    def personal_data(self) -> tuple[PersonalDatum, ...]:
        """The personal data in `seen`, then those in addresses that it only leads to."""
        hidden = [target for part in self.parts for target in part.targets if target not in part.seen]
        at_stake = self._at_stake_in_seen | (ANYTHING if hidden else 0)
        if not at_stake & _DATA:
            return ()
        return find_personal_data(
            "\n".join([self.seen, *hidden]),
            self.language,
            self._read_marks,
            spoken=bool(at_stake & anchors.SPOKEN),
            spoken_dot=bool(at_stake & anchors.SPOKEN_DOT),
            at_home=bool(at_stake & anchors.HOME),
            street=bool(at_stake & anchors.STREET),
            glanced=at_stake >> anchors.GLANCED,
        )

    @property
    def _at_stake_in_seen(self) -> int:
        text = self.whole or self.text
        if text and not (self.heading or self.beside):
            return text.stakes
        parts = [part for part in (self.heading, self.beside, text) if part]
        return parts[0].stakes if len(parts) == 1 else ANYTHING  # words of one may belong to those of another

    @once
    def _marks(self) -> Marks:
        return Marks(self.seen, self.parts[0].memo if self.parts else None)

    @property
    def cut(self) -> bool:
        """Whether some of it was not read: what lies between the beginning and the end of a long text or, as far as it was
        asked for, words around personal data and names beyond their limits.
        """
        return any(part.cut for part in self.parts) or ("_marks" in self.__dict__ and self._marks.leaves_out)

    def _read_marks(self, text: str) -> Marks:
        """Those of the text, which mostly is `seen`; they are read once for all who ask."""
        return self._marks if text == self.seen else Marks(text)

    @once
    def asks_for_removal(self) -> bool:
        """Whether the text asks that something be taken down."""
        return asks_for_removal(self._read_marks(self.seen))

    @once
    def tells_of_leak(self) -> bool:
        """Whether it says that somebody else has published something."""
        return tells_of_leak(self._read_marks(self.seen))

    @once
    def told_of_pupils(self) -> frozenset[str]:
        """What is told of named pupils; see `text.personal_data.pupils`."""
        at_stake = self._at_stake_in_seen
        numbered = at_stake >> anchors.GLANCED & glance.NUMBERED
        if not (numbered and may_be_told(self.seen, child=bool(at_stake & anchors.CHILD))):
            return frozenset()
        return frozenset(told_of_pupils(self.seen, self.personal_data, self._read_marks))

    @once
    def excerpt(self) -> str:
        """What a moderator gets to read: of the text or, where there is none, of its heading."""
        parts = [part for part in (self.whole or self.text, self.heading) if part]
        return next(filter(None, (excerpt(part.seen, part.memo, part.stakes) for part in parts)), "")

    def commerce(self, harmless: frozenset[str]) -> CommerceReading:
        """The signs of selling: a heading and its text are one offer. Links to `harmless` places are no signs."""
        known: dict[frozenset[str], CommerceReading] = self.__dict__.setdefault("_commerce", {})
        if harmless not in known:
            undisguised = "\n".join([part.undisguised for part in (self.heading, self.text) if part])
            at_stake = self._may_offer(undisguised)
            typed_in = [code for part in self.parts if part.stakes & anchors.TYPED for code in part.romanised]
            if not (at_stake or typed_in or self.links):
                known[harmless] = NO_COMMERCE
                return NO_COMMERCE
            romanised = tuple(dict.fromkeys(typed_in))
            memo = self.parts[0].memo if self.parts else None
            said = "\n".join([part.seen for part in self.parts if part.seen])
            typed = "\n".join(part.seen for part in (self.heading, self.text) if part).casefold() if romanised else ""
            known[harmless] = commerce_of(
                said,
                undisguised,
                harmless,
                links=self.links,
                memo=memo,
                at_stake=at_stake,
                romanised=romanised,
                typed=typed,
            )
        return known[harmless]

    def _may_offer(self, undisguised: str) -> bool:
        """Whether the words of the heading and the text, `undisguised`, may be an offer."""
        at_stake = self.across if self.heading and self.text else 0
        for part in (self.heading, self.text):
            at_stake |= part.stakes if part else 0
        if at_stake & anchors.TRADE:
            return True
        numbered = at_stake >> anchors.GLANCED & glance.NUMBERED
        if (numbered and has_price(undisguised)) or (
            at_stake & anchors.OTHER_SCRIPT and OTHER_SCRIPT.search(undisguised)
        ):
            return True
        return bool(at_stake & anchors.TRADE_BESIDE_SIGNS) and has_signs(undisguised, self.links)


NOTHING_WRITTEN = Writing()
_DATA = anchors.SPOKEN | anchors.SPOKEN_DOT | anchors.HOME
_DATA |= (glance.MANY | glance.LOOSE | glance.APART | glance.SIGN) << anchors.GLANCED
"""Without one of these no personal data are at stake (`find_personal_data`)."""
_ANNOUNCED = re.compile(r"[^\n]{1,120}[:：]\s*\n")


_BESIDES = "something else"


def passages(texts: Iterable[str]) -> frozenset[str]:
    """The sentences and lines of texts that are nobody's own, in the form that `read_texts` knows them by."""
    # a greeting or closing within a text is part of its sentence
    forms = [form for text in texts for form in (text, f"{_BESIDES}\n{text}\n{_BESIDES}")]
    bodies = [unaddressed(undisguise(read_written(form).seen)) for form in forms]
    return frozenset(words for body in bodies for words in _words_of(_parts(body))) - {"", *_words_of([_BESIDES])}


def read_texts(
    texts: Sequence[str], nobodys: frozenset[str] = frozenset(), memo: WordMemo | None = None, salt: int = 0
) -> list[TextReading]:
    """Read all texts of a batch; the result is parallel to `texts`. Pure: equal texts give equal readings.

    Sentences and lines that are among `nobodys` (`passages`) are not compared. Linear in the length of the texts; how much of
    each is read says `text.written`. `memo` is shared by texts that are read together though not at once. `salt` is that of
    `text.signature.signatures`.
    """
    return _read([read_written(text) for text in texts], nobodys, memo or WordMemo(), salt)


def _read(written: Sequence[Written], nobodys: frozenset[str], memo: WordMemo, salt: int) -> list[TextReading]:
    seen = [one.seen for one in written]
    disguised = undisguise_all(seen)
    at = at_stake(seen, disguised)
    apart = [taken_apart(text, may_warn=_may_warn(text, one)) for text, one in zip(seen, at, strict=True)]
    unmarked = {index: one.unmarked for index, one in enumerate(apart) if one.unmarked is not seen[index]}
    footed = {
        index: both for index, one in enumerate(apart) if (both := _above_a_footer(seen[index], one.shown)) is not None
    }
    shown = {index: one.shown for index, one in enumerate(apart) if one.shown and index not in footed}
    parts = [Written(part, one.targets) for one, part in _own_and_claimed(written, shown)]
    parts += [Written(part) for both in footed.values() for part in both]
    further = undisguise_all([*[one.seen for one in parts], *unmarked.values()])
    of_parts = further[: len(parts)]
    at_parts = at_stake([one.seen for one in parts], of_parts)
    compared_forms = disguised + of_parts
    for index, form in zip(unmarked, further[len(parts) :], strict=True):
        compared_forms[index] = form
    compared = _compared_forms(compared_forms, at + at_parts, [*written, *parts], nobodys, salt)
    of_whole = compared[: len(written)]
    read = iter(map(_reading, parts, of_parts, at_parts, compared[len(written) :], repeat(memo)))
    readings = list(map(_reading, written, disguised, at, of_whole, repeat(memo)))
    for index, one in shown.items():
        readings[index] = replace(readings[index], shown=one, own=next(read), claimed=next(read))
    for index in footed:
        above, footer = next(read), next(read)
        if above.digest is not None and len(above.normalised) >= _least_above(footer.seen):
            readings[index] = replace(readings[index], above=above, footer=footer)
    closed = [
        index
        for index, one in enumerate(readings)
        if one.digest is None and not one.shown and at[index] & anchors.CLOSING
    ]
    for index, text in zip(closed, _with_closing([disguised[index] for index in closed]), strict=True):
        if _leads_somewhere(text):
            whole = replace(readings[index], normalised=text, digest=_digest_of_leads(written[index], salt))
            readings[index] = replace(whole, above=readings[index], footer=replace(whole, only_leads=True))
    return readings


def _with_closing(forms: Sequence[Undisguised]) -> list[str]:
    """Texts that say nothing but politeness, with what stands behind a closing: if that leads somewhere, it is a footer."""
    return drop_punctuation(unaddressed_all(forms, [False] * len(forms))) if forms else []


def _digest_of_leads(written: Written, salt: int) -> bytes:
    """Where a text leads. With the salt: whoever reads the digest could else try all telephone numbers."""
    return digest(f"{salt}\n{leads_to(written.seen, written.targets)}")


class _Compared(NamedTuple):
    """What a text is compared by, as in `TextReading`."""

    normalised: str
    digest: bytes | None
    signature: bytes | None
    words: str
    only_leads: bool


def _reading(written: Written, form: Undisguised, stakes: int, compared: _Compared, memo: WordMemo) -> TextReading:
    return TextReading(
        undisguised=form.text,
        normalised=compared.normalised,
        digest=compared.digest,
        signature=compared.signature,
        words=compared.words,
        only_leads=compared.only_leads,
        seen=written.seen,
        targets=written.targets,
        cut=written.cut,
        veiled=written.veiled,
        memo=memo,
        stakes=stakes,
    )


def _compared_forms(
    forms: Sequence[Undisguised], at: Sequence[int], written: Sequence[Written], nobodys: frozenset[str], salt: int
) -> list[_Compared]:
    bodies = _without(unaddressed_all(forms, [bool(one & anchors.CLOSING) for one in at]), nobodys)
    normalised = drop_punctuation(bodies)
    letters = comparable(normalised)
    enough, leading = _that_say_enough(normalised, letters, [bool(one.targets) for one in written])
    compared = sorted(enough)
    by_leads = {index: _digest_of_leads(written[index], salt) for index in leading - enough}
    digests = dict(zip(compared, skeletons([letters[index] for index in compared]), strict=True))
    untagged = _untagged(bodies, normalised, compared)
    signed = [
        index
        for index in compared
        if (untagged[index] is not None if index in untagged else len(letters[index]) >= MIN_SIGNED_LETTERS)
    ]
    words_of = dict(zip(signed, _sentences([bodies[index] for index in signed]), strict=True))
    # made from the words, so that who keeps these need not keep it
    by_words = dict(zip(words_of, of_words(list(words_of.values())), strict=True))
    for index in [index for index in signed if not words_of[index]]:
        by_words[index] = untagged.get(index) or compare([normalised[index]])[0]
    signature_of = dict(zip(signed, signatures([by_words[index] for index in signed], salt), strict=True))
    return [
        _Compared(
            text,
            digest(digests[index]) if index in digests else by_leads.get(index),
            signature_of.get(index),
            words_of.get(index, ""),
            index in by_leads,
        )
        for index, text in enumerate(normalised)
    ]


def _may_warn(seen: str, stakes: int) -> bool:
    return bool(stakes & anchors.WARNING or (stakes & anchors.HOSTILITY and is_unparted(seen)))


def _above_a_footer(seen: str, shown: Shown | None) -> tuple[str, str] | None:
    """What stands above a footer and the footer, unless more is shown as others' words than what stands below a question."""
    both = parted(seen)
    if not both or len(both[0].strip()) < _least_above(both[1]):
        return None
    return both if not shown or (not shown.marked and shown.own.strip() == both[0].strip()) else None


def _least_above(footer: str) -> int:
    return MIN_ABOVE_CHARACTERS if has_contacts(footer) else MIN_ABOVE_NOTICE


def _own_and_claimed(written: Sequence[Written], shown: Mapping[int, Shown]) -> Iterator[tuple[Written, str]]:
    for index, one in shown.items():
        yield from ((written[index], one.own), (written[index], one.claimed))


def read_writings(
    fields: Sequence[tuple[WrittenFields, str | None]],
    nobodys: frozenset[str] = frozenset(),
    memo: WordMemo | None = None,
    salt: int = 0,
) -> list[Writing]:
    """Read all written fields of a batch's events in one pass. `fields` are those of each event, with its language; the
    result is parallel. The rest as in `read_texts`.
    """
    readings = iter(read_texts([text for written, _ in fields for text in written if text], nobodys, memo, salt))
    writings = [
        Writing(
            heading=next(readings) if written.heading else None,
            beside=next(readings) if written.beside else None,
            text=next(readings) if written.text else None,
            language=language,
        )
        if any(written)
        else NOTHING_WRITTEN
        for written, language in fields
    ]
    headed = {index: (one.heading, one.text) for index, one in enumerate(writings) if one.heading and one.text}
    edges = [
        f"{heading.undisguised[-_EDGE_CHARACTERS:]}\n{text.undisguised[:_EDGE_CHARACTERS]}"
        for heading, text in headed.values()
    ]
    for index, across in zip(headed, at_stake(edges, [Undisguised(one, plain=True) for one in edges]), strict=True):
        writings[index] = replace(writings[index], across=across)
    return writings


_EDGE_CHARACTERS = 400
"""Of a heading and of its text, around where they meet: phrases are shorter."""


def _untagged(bodies: Sequence[str], normalised: Sequence[str], compared: Iterable[int]) -> dict[int, Compared | None]:
    """Of those compared each text with hashtags as it is without them, or None where it is too short to be signed then. Short
    texts with the same two hashtags would else be copies.
    """
    tagged = [index for index in compared if "#" in bodies[index]]
    whole = compare([normalised[index] for index in tagged])
    bare = compare(drop_punctuation([drop_tags(bodies[index]) for index in tagged]))
    least = [
        MIN_SIGNED_LETTERS if one == all_ else MIN_SIGNED_BESIDE_TAGS for one, all_ in zip(bare, whole, strict=True)
    ]
    return {
        index: one if len(one.letters) >= letters else None
        for index, one, letters in zip(tagged, bare, least, strict=True)
    }


_ENDS = "\n.!?…。！？؟։।"
_SENTENCE_ENDS = re.compile(f"[{_ENDS}]+")


@tables.table
def _lines() -> Codes:
    """What tells the lines of a text. Behind an address a sentence is over, though nothing says so."""
    return lines_table(word_characters(), f"{_ENDS}{LINK}{EMAIL}{PHONE}")


def _sentences(bodies: Sequence[str]) -> list[str]:
    """The words of each text, a sentence or line a line; those without letters are left out."""
    return compared_lines([drop_tags(body) for body in bodies], _lines())


def words_of(parts: Sequence[str]) -> list[str]:
    """The words of each part of a text that a reader sees, as in `TextReading.words`."""
    return _sentences(unaddressed_all(undisguise_all(parts), [True] * len(parts)))


def _without(bodies: list[str], nobodys: frozenset[str]) -> list[str]:
    """The bodies without sentences and lines whose words are among `nobodys`."""
    if not nobodys:
        return bodies
    parts = [_parts(body) for body in bodies]
    words = iter(_words_of([drop_tags(part) for body in parts for part in body]))
    own = [[part for part in body if next(words) not in nobodys] for body in parts]
    return [
        body if len(kept) == len(all_) else "\n".join(kept) for body, kept, all_ in zip(bodies, own, parts, strict=True)
    ]


def _parts(body: str) -> list[str]:
    """Sentences and lines."""
    return [part for part in _SENTENCE_ENDS.split(body) if part.strip()]


def _words_of(parts: Sequence[str]) -> list[str]:
    """The words of each, as they are compared."""
    return [form.words.strip() for form in compare(drop_punctuation(parts))]


def _that_say_enough(
    normalised: Sequence[str], letters: Sequence[str], leads: Sequence[bool]
) -> tuple[set[int], set[int]]:
    """Indexes of the texts that say enough to be compared with others, and of the short ones that lead somewhere. `leads`: to
    somewhere that a reader does not see.
    """
    short = [index for index, text in enumerate(letters) if len(text) < POLITE_LETTERS]
    leading = {index for index in short if leads[index] or _leads_somewhere(normalised[index])}
    short = [index for index in short if index not in leading or len(letters[index]) < LEADING_LETTERS]
    weighed = weigh([normalised[index] for index in short], MIN_SUBSTANCE_LETTERS)
    least = [MIN_LEADING_SUBSTANCE if index in leading else MIN_SUBSTANCE_LETTERS for index in short]
    slight = {index for index, said, more in zip(short, weighed, least, strict=True) if not _says_something(said, more)}
    return set(range(len(letters))) - slight, leading


def _leads_somewhere(normalised: str) -> bool:
    return LINK in normalised or EMAIL in normalised or PHONE in normalised


def _says_something(said: Said, least_substance: int) -> bool:
    return said.characters >= MIN_COMPARED_CHARACTERS and said.substance >= least_substance
