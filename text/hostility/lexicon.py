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
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial, reduce
from itertools import accumulate, chain, product
from operator import add, or_
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from text.hostility.tokens import MARKS, words_of
from text.languages import ListError, read_lists
from text.packed import NONE, Rows, Strings, Words
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
    "also": "and when, and at what hour: goes on with what `loom` says is known",
    "warn": "warnings that turn against the reader: think twice, you will regret; they make a threat of `loom`",
    "heed": "what may be said kindly: be careful, see you, on my way; they do so where they name nothing to be careful of",
    "beware": "warnings that threaten by themselves where they name nothing to be careful of: watch your back",
    "pity": "it would be a shame if something happened to her; a threat where `dear` or `warn` stands around it",
    "dear": "your daughter, nice car you have: what is dear to the reader",
    "doom": "whole phrases that announce or wish the addressee's death: you are dead, go and die",
    "bid": "orders to die in words that others use of a cat: jump off the roof; they count where they turn to the reader",
    # what blackmail takes, all of it in one sentence
    "demand": "pay, send me the money, do what I say",
    "else": "or, or else, otherwise",
    "leak": "your photos, your videos, your messages",
    "public": "all parents, the whole school, everybody, online: who would see them",
    "spread": "I send, I show, I publish: what is done with pictures that were named before",
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
    "begone": "orders to be silent or to go: shut up, get lost; a name called right behind is the reader's",
    # what makes it none
    "no": "not, never, nobody; to prevent, to stop, against",
    "say": "to say, to call, to write, to threaten: what follows is somebody else's; books, plays, films",
    "said": "said, asked, shouted (he, she): what stands before it is somebody else's as well",
    "says": "says, shouts, calls (he, she): behind a comma, what makes an insult before it somebody else's",
    "wrong": "is wrong, is a crime: the rest of the sentence is condemned",
    "vow": "I swear, I told you: what follows is the speaker's own",
    "stands": "where words stand that one tells of: in a letter, on a note, a wall, a door",
    "apart": "words that part clauses: who, why, because",
    "harmless": "phrases with such words that mean no harm: to kill time",
    "thanks": "thanks: who thanks does not intimidate by what `loom` says alone",
    "joke": "joke, kidding, fun: what a threat is said not to be",
    "if": "if, when: what is denied behind it is a condition, and not the threat that follows",
    "tell_now": "say, tell, write, call, report, come: orders to the reader; what follows is no report of what somebody said",
    "and": "and: the speaker of what was said before goes on",
    "play": "games, sport, plays, films, drawings, homework: where one beats, kills and hangs nobody",
    "after": "after, before, until, during: what is said to happen when a game is over is no game",
}
"""Classes and what they mean."""

BIT = {name: 1 << index for index, name in enumerate(CLASSES)}


def _bits(names: str) -> int:
    return sum(BIT[name] for name in names.split())


ALONE = _bits("menace loom pity beware doom bid curse kill_i_you")
"""Classes of which each entry is a finding by itself, or (`loom`, `pity`, `beware`, `bid`) worth a look by itself."""
ANCHORS = ALONE | _bits(
    "kill kills kill_i kill_now kill_you rid rid_i rid_now killing killed die doomed death death_to without unworthy "
    "insult vile vermin twofold hate curse_at leak spread"
)
"""Classes of which one has to occur before a language is worth a closer look."""
TARGETS = _bits("you thou them people anyone like_you are_you vocative kill_you demand public begone")
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


@lru_cache(maxsize=10_000)
def choices(part: str) -> frozenset[str]:
    """The words that a part of several words stands for."""
    return frozenset(part.split("|"))


_ANY = ("",)


class Phrase(Struct, frozen=True, gc=False):
    """An entry from its second part on: what it means in which language, and the parts that follow: words, stems (`kill*`),
    one of several words (`arm|leg`), or gaps.
    """

    language: int
    bit: int
    rest: tuple[str, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """Words of which the text must hold one where it holds the phrase; only "" where any may do."""
        whole = [tuple(dict.fromkeys(part.split("|"))) for part in self.rest if part not in GAPS and "*" not in part]
        return min(whole, key=lambda words: (len(words), -max(map(len, words))), default=_ANY)


class Starts(Struct, frozen=True):
    """Phrases that a word begins, by the words of which each of them needs one."""

    by_need: dict[str, tuple[Phrase, ...]]
    needed: frozenset[str]

    def may_stand(self, following: list[str]) -> bool:
        """Whether one of the phrases is possible."""
        return not self.needed.isdisjoint(following) or "" in self.by_need

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


def _starts(phrases: list[Phrase]) -> Starts | None:
    if not phrases:
        return None
    by_need: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        for word in phrase.needs:
            by_need.setdefault(word, []).append(phrase)
    return Starts({need: tuple(group) for need, group in by_need.items()}, frozenset(by_need) - {""})


class Meanings:
    """What a word may mean, by language. `languages` are the bits of all in which it means something; `alone`, `anchors` and
    `targets` of those in which it is one by itself; `anchoring` are the phrases that would be anchors.

    What it means in one language is made when somebody asks, and kept: most texts are looked at in none.
    """

    __slots__ = ("_by_language", "_phrases_in", "alone", "anchoring", "anchors", "languages", "targets")

    def __init__(self, phrases_in: "Callable[[int], list[Phrase]]", phrases: Iterable[Phrase]) -> None:
        """`phrases` are all that the word begins, and `phrases_in` gives those of a language."""
        self._phrases_in = phrases_in
        self._by_language: dict[int, Meaning] = {}
        self.languages = self.alone = self.anchors = self.targets = 0
        anchoring: list[Phrase] = []
        for phrase in phrases:
            flag = 1 << phrase.language
            self.languages |= flag
            if phrase.bit & TARGETS:
                self.targets |= flag
            if not phrase.bit & ANCHORS:
                continue
            if phrase.rest:
                anchoring.append(phrase)
            else:
                self.anchors |= flag
                self.alone |= flag if phrase.bit & ALONE else 0
        self.anchoring = _starts(anchoring)

    def in_language(self, language: int) -> Meaning:
        """What the word means in one of `languages`, by its number."""
        found = self._by_language.get(language)
        if found is None:
            phrases = self._phrases_in(language)
            bits = reduce(or_, [phrase.bit for phrase in phrases if not phrase.rest], 0)
            found = Meaning(bits, _starts([phrase for phrase in phrases if phrase.rest]))
            self._by_language[language] = found
        return found

    def __bool__(self) -> bool:
        """Whether it means anything."""
        return self.languages > 0


MOST_LANGUAGES = 64


GAPS = {"~": 2, "...": 6}
"""How many words may stand in place of a part."""
LONGEST_PHRASE = 14
"""Words after the first among which a phrase ends."""
_DOUBLE = re.compile(r"(.)\1")
NO_MEANINGS = Meanings(lambda _: [], ())
_MOST_KNOWN = 10_000
"""Sets of entries that words stood for, kept with what they mean together; and words of the lists that stood for them."""
SENTENCE_PARTS, LETTERS_OF_A_PART = 4, 3
"""So many words make a sentence where they are written without blanks, of so many letters each on average."""
_SHORTEST_PARTED, _LONGEST_PARTED, _LONGEST_PART = 8, 60, 14
"""Letters of a text without blanks that is parted into words, and of one of these."""


class Lexicon:
    """All languages' entries by their first words. They are kept in arrays: objects would take ten times the memory."""

    def __init__(self, languages: tuple[Language, ...]) -> None:
        assert len(languages) <= MOST_LANGUAGES
        self.languages = tuple([msgspec.structs.replace(language, entries=()) for language in languages])
        """Without their entries, which are the lexicon's."""
        words: dict[str, list[_Entry]] = {}
        exact: dict[str, list[_Entry]] = {}
        stems: dict[str, list[_Entry]] = {}
        for index, language in enumerate(languages):
            for bit, (first, *rest) in language.entries:
                stem, star, suffix = first.partition("*")
                listed = stems if star else exact if stem.startswith("=") else words
                listed.setdefault(stem.removeprefix("="), []).append(_Entry(index, bit, suffix, tuple(rest)))
        self._entries = _Entries([*chain(*words.values(), *exact.values(), *stems.values())])
        self._words = _Firsts(words, 0)
        self._exact = _Firsts(exact, self._words.end)
        self._stems = _Firsts(stems, self._exact.end)
        self._known: dict[tuple[int, ...], Meanings] = {}
        self._listed: dict[str, Meanings] = {}
        self._beginnings = Beginnings(stems)
        self.spoken_in = _Spoken(words)
        self._masked = _by_length(word for listed in (words, exact) for word, of in listed.items() if _any(of, MASKED))
        self.violent = frozenset(
            word for word, of in words.items() if any(one.bit & VIOLENT and not one.rest for one in of)
        )
        self._violent_edges = frozenset(word[:1] + word[-2:] for word, of in words.items() if _any(of, VIOLENT))

    def entries(self, classes: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """The entries of these classes (bits): the number of the language, the class bit, and the parts."""
        for firsts, form in ((self._words, "{}"), (self._exact, "={}"), (self._stems, "{}*{}")):
            for first, numbers in firsts.items():
                for number in numbers:
                    if self._entries.bit(number) & classes:
                        one = self._entries.phrase(number)
                        yield one.language, one.bit, (form.format(first, self._entries.suffix(number)), *one.rest)

    def unmasked(self, word: str) -> list[str]:
        """The words of violence and abuse that a word with asterisks for letters may stand for: `k*ll`, `k**l`."""
        pattern = re.compile(re.escape(word).replace(r"\*", "."))
        return [one for one in self._masked.get((word[:1], len(word)), "").split() if pattern.fullmatch(one)]

    def may_be_broken(self, words: list[str]) -> bool:
        """Whether two of these words in a row are the parts of one of violence."""
        return not self.violent.isdisjoint(map(add, words, words[1:]))

    def is_violent(self, word: str) -> bool:
        """Whether the word by itself is one of violence, in any language."""
        return any(
            self._entries.bit(number) & VIOLENT and not self._entries.goes_on(number)
            for number in self._all_of(word, folded(word))
        )

    def parted(self, word: str, *, spelt: bool = False) -> str:
        """A word that consists of a language's words, with blanks between; else the word itself. One of them is of violence,
        or they are so many that they are no compound: `ichbringedichum`; or all of it was `spelt` letter by letter.
        """
        if not (spelt or len(word) >= _SHORTEST_PARTED) or len(word) > _LONGEST_PARTED:
            return word
        plain = folded(word)
        if len(plain) != len(word):
            plain = word
        ways: list[tuple[int, bool, str] | None] = [(-1, False, ""), *[None] * len(word)]
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - _LONGEST_PART), end):
                before, part = ways[start], plain[start:end]
                if before and (languages := before[0] & self.spoken_in.of(part)):
                    violent = before[1] or part in self.violent or self.is_violent(part)
                    ways[end] = (languages, violent, f"{before[2]} {word[start:end]}")
                    break
        whole = ways[-1]
        if not whole:
            return word
        parts = whole[2].count(" ")
        said = parts >= SENTENCE_PARTS and len(word) >= LETTERS_OF_A_PART * parts
        return whole[2].strip() if whole[1] or said or spelt else word

    def known(self, written: str) -> Meanings:
        """As `meanings`; those of words that a list has are made once."""
        if listed := self._listed.get(written):
            return listed
        plain = folded(written)
        whole = self._words.of(plain)
        if "*" in written:
            return self.meanings(written, plain)
        found = self._all_of(written, plain, whole)
        if not found and self._may_be_stretched(plain):
            found = self._stretched(plain)
        if not found:
            return NO_MEANINGS
        meanings = self._together(found)
        if whole:  # a word of the lists, and nothing that only members write
            if len(self._listed) == _MOST_KNOWN:
                self._listed.clear()
            self._listed[written] = meanings
        return meanings

    def meanings(self, written: str, plain: str = "") -> Meanings:
        """What a word may mean in any language; `written` is in lower case, with its diacritics, `plain` the same folded."""
        plain = plain or folded(written)
        if "*" in written:
            found = [number for word in self.unmasked(plain) for number in self._all_of(word, folded(word))]
        else:
            found = self._all_of(written, plain) or self._stretched(plain)
        return self._together(found) if found else NO_MEANINGS

    def _together(self, found: list[int]) -> Meanings:
        # as many as there are phrases that begin alike: nothing of the word itself is kept
        numbers = tuple(found)
        if numbers not in self._known:
            if len(self._known) == _MOST_KNOWN:
                self._known.clear()
            self._known[numbers] = Meanings(
                partial(self._entries.phrases_in, numbers), map(self._entries.phrase, numbers)
            )
        return self._known[numbers]

    def _stretched(self, plain: str) -> list[int]:
        """The words of violence that a word with a letter too many stands for: `murrder`."""
        if not self._may_be_stretched(plain):
            return []
        return [number for number in self._words.of(_DOUBLE.sub(r"\1", plain)) if self._entries.bit(number) & VIOLENT]

    def _may_be_stretched(self, plain: str) -> bool:
        edges = plain[:1] + plain[-2:]
        return (edges in self._violent_edges or edges[-1:] == edges[-2:-1]) and _DOUBLE.search(plain) is not None

    def _all_of(self, written: str, word: str, whole: range | None = None) -> list[int]:
        """The numbers of the entries that begin with the word, which is `word` when folded; `whole` are those of `_words`."""
        found = [*self._exact.of(written), *(self._words.of(word) if whole is None else whole)]
        for length in self._beginnings.of(word):
            for number in self._stems.of(word[:length]):
                suffix = self._entries.suffix(number)
                if len(word) >= length + len(suffix) and word.endswith(suffix):
                    found.append(number)
        return found


class _Entry(NamedTuple):
    """An entry without its first word: `suffix` is what stands behind its star."""

    language: int
    bit: int
    suffix: str
    rest: tuple[str, ...]


def _any(entries: list[_Entry], bits: int) -> bool:
    return any(one.bit & bits for one in entries)


class _Entries:
    """Entries by their numbers; phrases are made of them when somebody asks."""

    def __init__(self, entries: list[_Entry]) -> None:
        suffixes = {"": 0}
        rests: dict[tuple[str, ...], int] = {(): 0}
        self._languages = bytes(one.language for one in entries)
        self._bits = bytes(one.bit.bit_length() - 1 for one in entries)
        self._suffix_of = array("I", [suffixes.setdefault(one.suffix, len(suffixes)) for one in entries])
        self._rest_of = array("I", [rests.setdefault(one.rest, len(rests)) for one in entries])
        self._suffixes = tuple(suffixes)
        parts = dict.fromkeys(part for rest in rests for part in rest)
        numbers = {part: number for number, part in enumerate(parts)}
        self._parts = Strings(parts)
        self._rests = Rows(map(numbers.__getitem__, rest) for rest in rests)

    def bit(self, number: int) -> int:
        """The class of an entry."""
        return 1 << self._bits[number]

    def suffix(self, number: int) -> str:
        """What stands behind the star of its first part."""
        return self._suffixes[self._suffix_of[number]]

    def goes_on(self, number: int) -> bool:
        """Whether it has more parts than one."""
        return self._rest_of[number] > 0

    def phrase(self, number: int) -> Phrase:
        """All behind the first part."""
        rest = tuple([self._parts[part] for part in self._rests[self._rest_of[number]]])
        return Phrase(self._languages[number], 1 << self._bits[number], rest)

    def phrases_in(self, numbers: tuple[int, ...], language: int) -> list[Phrase]:
        """Those of these entries that are of the language."""
        return [self.phrase(number) for number in numbers if self._languages[number] == language]


class _Firsts:
    """First words, and the numbers of the entries that begin with each, from `start` to `end`."""

    def __init__(self, listed: dict[str, list[_Entry]], start: int) -> None:
        self._words = Words(listed)
        self._ends = array("I", accumulate(map(len, listed.values()), initial=start))
        self.end = self._ends[-1]

    def of(self, word: str) -> range:
        """The numbers of the entries."""
        number = self._words.number(word)
        return range(self._ends[number], self._ends[number + 1]) if number != NONE else _NO_ENTRIES

    def items(self) -> Iterator[tuple[str, range]]:
        """All of them."""
        for number, word in enumerate(self._words):
            yield word, range(self._ends[number], self._ends[number + 1])


_NO_ENTRIES = range(0)


class _Spoken:
    """In which languages (bits) a word is an entry, or a part of one; only a text without blanks takes it."""

    def __init__(self, words: dict[str, list[_Entry]]) -> None:
        spoken: dict[str, int] = {}
        behind: dict[str, int] = {}
        for first, entries in words.items():
            for entry in entries:
                flag = 1 << entry.language
                spoken[first] = spoken.get(first, 0) | flag
                for part in entry.rest:
                    behind[part] = behind.get(part, 0) | flag
        for part, flags in behind.items():
            if part not in GAPS and "*" not in part:
                for word in part.split("|"):
                    spoken[word] = spoken.get(word, 0) | flags
        self._words = Words(spoken)
        self._languages = array("Q", spoken.values())

    def of(self, word: str) -> int:
        """Those that know a word."""
        number = self._words.number(word)
        return self._languages[number] if number != NONE else 0


def _by_length(words: Iterable[str]) -> dict[tuple[str, int], str]:
    """Words, with blanks between, by their first letter and their length."""
    found: dict[tuple[str, int], list[str]] = {}
    for word in words:
        found.setdefault((word[:1], len(word)), []).append(word)
    return {key: " ".join(listed) for key, listed in found.items()}


@table
def lexicon() -> Lexicon:
    """The lexicon of all languages that this package has."""
    languages = [language_of(code, listed) for code, listed in read_lists("hostility", dict[str, Any]).items()]
    return Lexicon(tuple(_with_kin(language, languages) for language in languages))


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
