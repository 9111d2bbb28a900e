"""The words of threat and abuse, language by language, ready to be found in a text.

Each language has its `hostility.yaml` (`text/languages`). Each of its keys is a class of words, each value a list of entries
parted by commas:

    word          the word as written, in any case, with or without its diacritics
    stem*         every word that begins so; `pre*suf` also ends so
    =word         the word with exactly these diacritics, where without them it is another
    two words     one after the other; `~` lets up to two words stand between, `...` up to six
    a|b_c d       short for `a d, b c d`
    (re/un)do     short for `redo, undo`
    <body>        the words that `parts` names so

`docs` of the classes: `CLASSES` below. Entries serve for grammar, not as a list of what is forbidden: no word alone is a
finding, apart from the entries of `menace`, `doom` and `curse`, which are whole phrases.
"""

import re
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import chain, product
from operator import add
from typing import Any

import msgspec
from msgspec import Struct

from text.hostility.tokens import MARKS, words_of
from text.languages import ListError, read_lists
from text.tables import table
from text.words import Beginnings, Memo, folded

CLASSES = {
    # who, and to whom
    "i": "I, we: the subject of a verb that does not say so itself",
    "you": "the person addressed, as far as it may be an object; 'your'",
    "thou": "the person addressed as a subject",
    "them": "they or all of them, as an object",
    "people": "kinds of people: peoples, faiths, sexes, orientations, trades, relatives of the person addressed",
    "anyone": "people, human beings, men: all of us, so that only violence against them is hostile",
    "like_you": "'like you' after a kind of people",
    # violence
    "kill": "to kill, to maim, to rape, to hurt: infinitives and what else follows a modal verb",
    "kill_i": "the same by the speaker: first person present and future; 'let us kill'",
    "kill_now": "the same as an order",
    "kill_you": "the same as infinitive, with the person addressed in the same word",
    "kill_i_you": "I kill you, in one word",
    "rid": "to get rid of, to wipe out, to attack: what is done to things as well",
    "rid_i": "the same by the speaker; 'let us get rid of'",
    "rid_now": "the same as an order",
    "urge": "what may stand before an order: just, please, come on",
    "killing": "murder, execution, rape, as nouns",
    "killed": "killed, shot, hanged, dead, as what is done to somebody",
    "be": "'be' and 'get' of the passive; where a language has entries here, `killed` counts only beside one of them",
    "die": "to die, to perish, to suffer",
    "doomed": "must be killed, may they die: where one word says both",
    "death": "death, as what is deserved or wished",
    # what makes violence a threat
    "intent": "I will, we are going to, I want to",
    "ensure": "I will see to it that",
    "kills": "kills, shoots, gets rid of (he, she): finite forms that follow a wish",
    "should": "should, ought to, 'somebody should', 'it is time to'",
    "must": "must, have to",
    "deserve": "to deserve",
    "wish": "I hope, I wish, if only, it would be better if",
    "legal": "should be legal, is no crime",
    "solution": "is the only solution for, is what they need",
    "death_to": "death to, to the gallows with",
    "without": "without",
    "better": "the world would be better",
    "unworthy": "does not deserve to live, the only good one is a dead one",
    "menace": "whole phrases that intimidate: you will regret this",
    "loom": "phrases that intimidate where a warning stands around them: I know where you live",
    "warn": "warnings that turn against the reader: think twice, you will regret; they make a threat of `loom`",
    "heed": "what may be said kindly: be careful, see you, on my way; they do so where they name nothing to be careful of",
    "beware": "warnings that threaten by themselves where they name nothing to be careful of: watch your back",
    "doom": "whole phrases that announce or wish the addressee's death: you are dead, go and die",
    "bid": "orders to die in words that others use of a cat: jump off the roof; they count where they turn to the reader",
    # abuse
    "are_you": "you are; you and your like are",
    "are": "are, is: what follows says what people are",
    "insult": "what one calls a person to insult",
    "vile": "adjectives that do the same, aimed at a person: disgusting, worthless",
    "vermin": "what people are called to deny that they are people",
    "twofold": "insults that have a harmless sense as well: animals, dirty, clown",
    "sense": "what shows the harmless sense of `twofold`, anywhere in the text: roles, horoscopes, gardens, mud",
    "vocative": "what makes an insult a form of address: you, dirty, son of",
    "hate": "I hate, I despise",
    "curse": "whole phrases of abuse against the person addressed",
    "curse_at": "to hell with, followed by its object",
    # what makes it none
    "no": "not, never, nobody; to prevent, to stop, against",
    "say": "to say, to call, to write, to threaten: what follows is somebody else's; books, plays, films",
    "said": "said, asked, shouted (he, she): what stands before it is somebody else's as well",
    "wrong": "is wrong, is a crime: the rest of the sentence is condemned",
    "vow": "I swear, I told you: what follows is the speaker's own",
    "stands": "where words stand that one tells of: in a letter, on a note, a wall, a door",
    "apart": "words that part clauses: who, why, because",
    "harmless": "phrases with such words that mean no harm: to kill time",
    "joke": "joke, kidding, fun: what a threat is said not to be",
    "tell_now": "say, tell, write, call, report, come: orders to the reader; what follows is no report of what somebody said",
    "and": "and: the speaker of what was said before goes on",
    "play": "games, sport, plays, films, drawings, homework: where one beats, kills and hangs nobody",
    "after": "after, before, until, during: what is said to happen when a game is over is no game",
}
"""Classes and what they mean."""

BIT = {name: 1 << index for index, name in enumerate(CLASSES)}


def _bits(names: str) -> int:
    return sum(BIT[name] for name in names.split())


ALONE = _bits("menace loom beware doom bid curse kill_i_you")
"""Classes of which each entry is a finding by itself, or (`loom`, `beware`, `bid`) worth a look by itself."""
ANCHORS = ALONE | _bits(
    "kill kills kill_i kill_now kill_you rid rid_i rid_now killing killed die doomed death death_to without unworthy "
    "insult vile vermin twofold hate curse_at"
)
"""Classes of which one has to occur before a language is worth a closer look."""
TARGETS = _bits("you thou them people anyone like_you are_you vocative kill_you")
"""Classes of which one has to occur besides an anchor."""
VIOLENT = _bits("kill kill_i kill_now kill_you kill_i_you killed")
"""Classes of words that are put together again where a blank or a sign breaks them: `ki.ll`."""
MASKED = VIOLENT | _bits("rid rid_i rid_now die insult vile vermin twofold curse curse_at")
"""Classes of words that are read where asterisks stand for letters."""
HARMLESS = _bits("no say said wrong harmless")
"""Classes that make other words harmless."""


class Grammar(Struct, frozen=True, forbid_unknown_fields=True):
    """How a language builds its sentences.

    `reach` is how many words may stand between two parts of a threat. In a `prodrop` language a verb's form says that the
    speaker acts. `agent_first`: who stands before 'should kill' is the killer; where endings tell, any order will do.
    `object_after`: who is to be killed stands after the verb. `postpositions`: 'without' stands behind.
    `cyrillic`: Serbian is written in both alphabets, and each entry is taken in both. `kin` are languages so much alike that a
    text of one may be taken for the other: what makes words harmless there does so here, apart from those in `unlike`, which
    mean something else here: 'no' denies in Spanish, and is 'in the' in Portuguese.
    """

    reach: int = 3
    prodrop: bool = True
    agent_first: bool = True
    object_after: bool = False
    postpositions: bool = False
    cyrillic: bool = False
    kin: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()


class Language(Struct, frozen=True):
    """One language's grammar, its entries as (class bit, parts), and the classes that have any.

    `plain` are words that name nothing: they may stand around a warning that is about nobody but the reader.
    """

    code: str
    grammar: Grammar
    entries: tuple[tuple[int, tuple[str, ...]], ...]
    classes: frozenset[str]
    plain: frozenset[str] = frozenset()


@cache
def choices(part: str) -> frozenset[str]:
    """The words that a part of several words stands for."""
    return frozenset(part.split("|"))


def whole_words(part: str) -> frozenset[str]:
    """The words of which one has to stand where this part is; none for a gap, or for beginnings of words."""
    return frozenset() if part in GAPS or "*" in part else choices(part)


_ANY = frozenset([""])


class Phrase(Struct, frozen=True, gc=False):
    """An entry from its second part on: what it means in which language, and the parts that follow: words, stems (`kill*`),
    one of several words (`arm|leg`), or gaps.
    """

    language: int
    bit: int
    rest: tuple[str, ...]

    @property
    def words(self) -> tuple[frozenset[str], ...]:
        """The words that follow, as far as they are whole: of each part one has to stand in the text."""
        return tuple(words for part in self.rest if (words := whole_words(part)))

    @property
    def needs(self) -> frozenset[str]:
        """Words of which the text must hold one where it holds the phrase; only "" where any may do."""
        return min(self.words, key=lambda words: (len(words), -max(map(len, words))), default=_ANY)


class Starts(Struct, frozen=True):
    """Phrases that a word begins, by the words of which each of them needs one."""

    by_need: dict[str, tuple[Phrase, ...]]
    needed: frozenset[str]

    def possible(self, following: list[str]) -> list[Phrase]:
        """The phrases whose needed word is among those that follow."""
        phrases = list(self.by_need.get("", ()))
        if self.needed.isdisjoint(following):
            return phrases
        # in the order of the text: that of a set is another one in each process
        found = {
            id(phrase): phrase for word in dict.fromkeys(following) if word for phrase in self.by_need.get(word, ())
        }
        return phrases + list(found.values())


class Meaning(Struct, frozen=True):
    """What a word means in one language: class bits, and the phrases that it may begin."""

    bits: int
    phrases: Starts | None


class Meanings(Struct, frozen=True):
    """What a word may mean, by language. `alone`, `anchors` and `targets` are bits of the languages in which it is one;
    `anchoring` are the phrases that would be anchors.
    """

    by_language: dict[int, Meaning]
    alone: int
    anchors: int
    targets: int
    anchoring: Starts | None

    def __bool__(self) -> bool:
        """Whether it means anything."""
        return bool(self.by_language)


MOST_LANGUAGES = 64


GAPS = {"~": 2, "...": 6}
"""How many words may stand in place of a part."""
LONGEST_PHRASE = 14
"""Words after the first among which a phrase ends."""
_DOUBLE = re.compile(r"(.)\1")
NO_MEANINGS = Meanings({}, 0, 0, 0, None)
_MOST_KNOWN = 50_000
"""Sets of entries that words stood for, kept with what they mean together."""
SENTENCE_PARTS, LETTERS_OF_A_PART = 4, 3
"""So many words make a sentence where they are written without blanks, of so many letters each on average."""
_SHORTEST_PARTED, _LONGEST_PARTED, _LONGEST_PART = 8, 60, 14
"""Letters of a text without blanks that is parted into words, and of one of these."""


class Lexicon:
    """All languages' entries by their first words."""

    def __init__(self, languages: tuple[Language, ...]) -> None:
        assert len(languages) <= MOST_LANGUAGES
        self.languages = tuple([msgspec.structs.replace(language, entries=()) for language in languages])
        """Without their entries, which are the lexicon's."""
        self._exact: dict[str, tuple[Phrase, ...]] = {}
        self._words: dict[str, tuple[Phrase, ...]] = {}
        self._stems: dict[str, tuple[tuple[str, Phrase], ...]] = {}
        self._known: dict[tuple[int, ...], Meanings] = {}
        self._listed: dict[str, Meanings] = {}
        for index, language in enumerate(languages):
            for bit, parts in language.entries:
                self._add(Phrase(index, bit, parts[1:]), parts[0])
        self._beginnings = Beginnings(self._stems)
        self._masked = self._by_length()
        self.violent = frozenset(
            word for word, phrases in self._words.items() if any(p.bit & VIOLENT and not p.rest for p in phrases)
        )
        self._violent_edges = frozenset(
            word[:1] + word[-2:] for word, phrases in self._words.items() if any(p.bit & VIOLENT for p in phrases)
        )

    def _add(self, phrase: Phrase, first: str) -> None:
        stem, star, suffix = first.partition("*")
        if star:
            self._stems[stem] = (*self._stems.get(stem, ()), (suffix, phrase))
        elif stem.startswith("="):
            self._exact[stem[1:]] = (*self._exact.get(stem[1:], ()), phrase)
        else:
            self._words[stem] = (*self._words.get(stem, ()), phrase)

    def entries(self, classes: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """The entries of these classes (bits): the number of the language, the class bit, and the parts."""
        for words, before in ((self._words, ""), (self._exact, "=")):
            for first, phrases in words.items():
                for one in phrases:
                    if one.bit & classes:
                        yield one.language, one.bit, (before + first, *one.rest)
        for stem, endings in self._stems.items():
            for suffix, one in endings:
                if one.bit & classes:
                    yield one.language, one.bit, (f"{stem}*{suffix}", *one.rest)

    @cached_property
    def spoken_in(self) -> dict[str, int]:
        """Bits of the languages in which a word is an entry, or a part of one; only a text without blanks takes it."""
        spoken: dict[str, int] = {}
        behind: dict[str, int] = {}
        for first, phrases in self._words.items():
            for phrase in phrases:
                flag = 1 << phrase.language
                spoken[first] = spoken.get(first, 0) | flag
                for part in phrase.rest:
                    behind[part] = behind.get(part, 0) | flag
        for part, flags in behind.items():
            if part not in GAPS and "*" not in part:
                for word in part.split("|"):
                    spoken[word] = spoken.get(word, 0) | flags
        return spoken

    def _by_length(self) -> dict[tuple[str, int], list[str]]:
        """Words that people mask, by their first letter and their length."""
        found: dict[tuple[str, int], list[str]] = {}
        for word, phrases in (*self._words.items(), *self._exact.items()):
            if any(phrase.bit & MASKED for phrase in phrases):
                found.setdefault((word[:1], len(word)), []).append(word)
        return found

    def unmasked(self, word: str) -> list[str]:
        """The words of violence and abuse that a word with asterisks for letters may stand for: `k*ll`, `k**l`."""
        pattern = re.compile(re.escape(word).replace(r"\*", "."))
        return [one for one in self._masked.get((word[:1], len(word)), ()) if pattern.fullmatch(one)]

    def may_be_broken(self, words: list[str]) -> bool:
        """Whether two of these words in a row are the parts of one of violence."""
        return not self.violent.isdisjoint(map(add, words, words[1:]))

    def is_violent(self, word: str) -> bool:
        """Whether the word by itself is one of violence, in any language."""
        return any(phrase.bit & VIOLENT and not phrase.rest for phrase in self._all_of(word, folded(word)))

    def parted(self, word: str) -> str:
        """A word that consists of a language's words, with blanks between; else the word itself. One of them is of violence,
        or they are so many that they are no compound: `ichbringedichum`.
        """
        if not _SHORTEST_PARTED <= len(word) <= _LONGEST_PARTED:
            return word
        plain = folded(word)
        if len(plain) != len(word):
            plain = word
        ways: list[tuple[int, bool, str] | None] = [(-1, False, ""), *[None] * len(word)]
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - _LONGEST_PART), end):
                before, part = ways[start], plain[start:end]
                if before and (languages := before[0] & self.spoken_in.get(part, 0)):
                    violent = before[1] or part in self.violent or self.is_violent(part)
                    ways[end] = (languages, violent, f"{before[2]} {word[start:end]}")
                    break
        whole = ways[-1]
        if not whole:
            return word
        parts = whole[2].count(" ")
        said = parts >= SENTENCE_PARTS and len(word) >= LETTERS_OF_A_PART * parts
        return whole[2].strip() if whole[1] or said else word

    def known(self, written: str) -> Meanings:
        """As `meanings`; those of words that a list has are made once."""
        if listed := self._listed.get(written):
            return listed
        plain = folded(written)
        is_listed = plain in self._words
        if not (
            is_listed
            or written in self._exact
            or self._beginnings.of(plain)
            or self._may_be_stretched(plain)
            or "*" in written
        ):
            return NO_MEANINGS
        found = self.meanings(written, plain)
        if is_listed and len(self._listed) < _MOST_KNOWN:  # a word of the lists, and nothing that only members write
            self._listed[written] = found
        return found

    def meanings(self, written: str, plain: str = "") -> Meanings:
        """What a word may mean in any language; `written` is in lower case, with its diacritics, `plain` the same folded."""
        plain = plain or folded(written)
        if "*" in written:
            found = [phrase for word in self.unmasked(plain) for phrase in self._all_of(word, folded(word))]
        else:
            found = self._all_of(written, plain) or self._stretched(plain)
        if not found:
            return NO_MEANINGS
        # as many as there are phrases that begin alike: nothing of the word itself is kept
        entries = tuple(map(id, found))
        if entries not in self._known:
            if len(self._known) == _MOST_KNOWN:
                self._known.clear()
            self._known[entries] = _meanings_of(found)
        return self._known[entries]

    def _stretched(self, plain: str) -> list[Phrase]:
        """The words of violence that a word with a letter too many stands for: `murrder`."""
        if not self._may_be_stretched(plain):
            return []
        return [phrase for phrase in self._words.get(_DOUBLE.sub(r"\1", plain), ()) if phrase.bit & VIOLENT]

    def _may_be_stretched(self, plain: str) -> bool:
        edges = plain[:1] + plain[-2:]
        return (edges in self._violent_edges or edges[-1:] == edges[-2:-1]) and _DOUBLE.search(plain) is not None

    def _all_of(self, written: str, word: str) -> list[Phrase]:
        """The phrases that begin with the word, which is `word` when folded."""
        found = [*self._exact.get(written, ()), *self._words.get(word, ())]
        for length in self._beginnings.of(word):
            for suffix, phrase in self._stems.get(word[:length], ()):
                if len(word) >= length + len(suffix) and word.endswith(suffix):
                    found.append(phrase)
        return found


def _meanings_of(found: list[Phrase]) -> Meanings:
    bits: dict[int, int] = {}
    phrases: dict[int, list[Phrase]] = {}
    alone = anchors = targets = 0
    for phrase in found:
        bits.setdefault(phrase.language, 0)
        flag = 1 << phrase.language
        if phrase.rest:
            phrases.setdefault(phrase.language, []).append(phrase)
        else:
            bits[phrase.language] |= phrase.bit
            alone |= flag if phrase.bit & ALONE else 0
            anchors |= flag if phrase.bit & ANCHORS else 0
        targets |= flag if phrase.bit & TARGETS else 0
    by_language = {language: Meaning(bits[language], _starts(phrases.get(language, []))) for language in bits}
    anchoring = [phrase for phrase in found if phrase.rest and phrase.bit & ANCHORS]
    return Meanings(by_language, alone, anchors, targets, _starts(anchoring))


def _starts(phrases: list[Phrase]) -> Starts | None:
    if not phrases:
        return None
    by_need: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        for word in phrase.needs:
            by_need.setdefault(word, []).append(phrase)
    return Starts({need: tuple(group) for need, group in by_need.items()}, frozenset(by_need) - {""})


@table
def lexicon() -> Lexicon:
    """The lexicon of all languages that this package has."""
    languages = [language_of(code, listed) for code, listed in read_lists("hostility", dict[str, Any]).items()]
    return Lexicon(tuple(_with_kin(language, languages) for language in languages))


@cache
def unspaced() -> int:
    """How many words a text without blanks may be made of, which are read now (`engine.loading`) and not while it waits."""
    return len(lexicon().spoken_in)


def _with_kin(language: Language, languages: list[Language]) -> Language:
    lent = (
        (bit, parts)
        for kin in languages
        if kin.code in language.grammar.kin
        for bit, parts in kin.entries
        if bit & HARMLESS and not (len(parts) == 1 and parts[0] in language.grammar.unlike)
    )
    return msgspec.structs.replace(language, entries=tuple(dict.fromkeys((*language.entries, *lent))))


def language_of(code: str, loaded: dict[str, Any]) -> Language:
    """What a language's list says, `loaded` from its file. Raises ListError."""
    try:
        grammar = msgspec.convert(loaded.pop("grammar", None), Grammar)
        named = msgspec.convert(loaded.pop("parts", {}), dict[str, str])
        plain = msgspec.convert(loaded.pop("plain", ""), str)
    except msgspec.ValidationError as error:
        raise ListError(f"{code}/hostility.yaml: grammar, parts or plain: {error}") from error
    for name, written in loaded.items():
        if name not in CLASSES:
            raise ListError(
                f"{code}/hostility.yaml: {name}: unknown, expected grammar, parts, plain or one of {', '.join(CLASSES)}"
            )
        if not isinstance(written, str):
            raise ListError(f"{code}/hostility.yaml: {name}: found {written!r}, expected words parted by commas")
    firsts, others = Memo(_first), Memo(_other)
    entries = dict.fromkeys(
        (BIT[key], parts)
        for key, written in loaded.items()
        for one in _with_parts(f"{code}/hostility.yaml: {key}", written, named).split(",")
        if one.strip()
        for script in ((one, _in_cyrillic(one)) if grammar.cyrillic else (one,))
        for parts in _parts(script, firsts, others)
    )
    scripts = (plain, _in_cyrillic(plain)) if grammar.cyrillic else (plain,)
    return Language(code, grammar, tuple(entries), frozenset(loaded), frozenset(words_of(" ".join(scripts))))


_PART = re.compile(r"<([^<>]*)>")
_OR = "¦"
"""Between plain words of which a phrase has one."""


def _with_parts(place: str, written: str, named: dict[str, str]) -> str:
    """What is written, with the words in place of the names in angle brackets. ListError where there is no such name."""

    def words(found: re.Match[str]) -> str:
        if found[1] not in named:
            raise ListError(f"{place}: {found[0]}: unknown, expected one of parts: {', '.join(named) or 'none'}")
        return "|".join(named[found[1]].replace("|", " ").split())

    if broken := next((part for part in written.split() if part != "," and "" in part.strip(",").split("|")), None):
        raise ListError(f"{place}: {broken!r}: an alternative is empty, expected words on both sides of |")
    return _PART.sub(words, written)


_Forms = list[tuple[str, ...]]
"""The parts that are compared with words of a text, for each way to say a part of an entry."""
_DIGRAPHS = (("lj", "љ"), ("nj", "њ"), ("dž", "џ"))
_LETTERS = str.maketrans("abcčćdđefghijklmnoprsštuvzž", "абцчћдђефгхијклмнопрсштувзж")


def _in_cyrillic(entry: str) -> str:
    """A Serbian entry, written in Latin letters, in Cyrillic ones."""
    for latin, cyrillic in _DIGRAPHS:
        entry = entry.replace(latin, cyrillic)
    return entry.translate(_LETTERS)


_CHOICE = re.compile(r"\(([^()]*)\)")


def _spelt_out(word: str) -> list[str]:
    """All words that a part of an entry stands for."""
    if "(" not in word and "/" not in word:
        return [word]
    pieces = [piece.split("/") for piece in _CHOICE.split(word)]
    return ["".join(choice) for choice in product(*pieces)]


def _parts(entry: str, firsts: Memo[_Forms], others: Memo[_Forms]) -> Iterator[tuple[str, ...]]:
    """The parts of an entry, alternatives spelt out. An apostrophe parts words, as it does in texts.

    `firsts` and `others` are `_first` and `_other` of what an entry begins with, and of what stands behind.
    """
    first, *behind = entry.split()
    if not behind:
        yield from firsts[first]
        return
    forms = [firsts[first], *map(others.__getitem__, behind)]
    if all(len(one) == 1 for one in forms):
        yield tuple(part for one in forms for part in one[0])
    else:
        yield from (tuple(chain.from_iterable(choice)) for choice in product(*forms))


def _first(part: str) -> _Forms:
    return [form for choice in part.split("|") for form in _forms(choice)]


def _other(part: str) -> _Forms:
    return [form for choice in _alternatives(part) for form in _forms(choice)]


def _forms(choice: str) -> _Forms:
    if _PLAIN_LETTERS.fullmatch(choice):
        return [(folded(choice),)]
    return [_matched(words) for words in product(*(_spelt_out(word) for word in choice.split("_")))]


def _alternatives(part: str) -> list[str]:
    """The alternatives of a part behind the first one: plain words together, since an entry for each would be too many."""
    if "|" not in part:
        return [part]
    words = part.split("|")
    plain = [word for word in words if _PLAIN.fullmatch(word) and word not in GAPS]
    return [*(word for word in words if word not in plain), *([_OR.join(plain)] if plain else [])]


_PLAIN = re.compile(rf"(?:[^\W_]|[{MARKS}])+")
_PLAIN_LETTERS = re.compile("[^\\W_\u0900-\u097f\u3040-\u30ff\u3400-\u9fff]+")
"""Of scripts whose words stand between blanks."""


def _matched(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a phrase as they are compared with those of a text."""
    parts: list[str] = []
    for word in words:
        if word in GAPS:
            parts.append(word)
        elif _OR in word:
            parts.append("|".join(one for choice in word.split(_OR) for one in words_of(choice)))
        elif word.startswith("="):
            parts.append(f"={word[1:].casefold()}")
        else:
            stem, star, suffix = word.partition("*")
            parts += words_of(stem)
            if star:
                parts[-1] += "*" + "".join(words_of(suffix))
    return tuple(parts)
