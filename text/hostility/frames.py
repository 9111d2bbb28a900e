"""From words to threats and insults: which words together, how near to each other and in which order, make one.

Every function looks at the few nearest neighbours of a word, so that the whole is linear in the length of the text.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import chain, pairwise
from operator import or_
from typing import Literal, NamedTuple, Protocol

from text.hostility.lexicon import (
    ALONE,
    BIT,
    CLASSES,
    GAPS,
    LONGEST_PHRASE,
    Grammar,
    Lexicon,
    Meaning,
    Phrase,
    Starts,
    choices,
)
from text.hostility.tokens import TURNS, Tokens
from text.once import once

ThreatKind = Literal["violence_to_you", "violence_to_group", "incitement", "intimidation", "wish"]
AbuseKind = Literal["group_abuse", "insult"]
Kind = ThreatKind | AbuseKind

WISH_REACH = 6
"""Words between 'I wish' and what is wished: 'that somebody would finally just'."""
FAR_REACH = 10
"""Words between 'I' and a second verb: 'I wait behind the school for you and …'."""
CLOSE = 2
"""Words between a copula and what it says."""
ALSO_REACH = 4
"""The same where it says two things: 'you are a donkey and an idiot'."""
WORDS_ABOUT_A_QUOTATION = 3
"""So many words around a quotation may speak of it, if they do not turn to the reader: 'on the wall stood …'."""
PLAY_REACH = 4
"""Words between a threat and the game or the film that it is about."""
CONDITION_REACH = 4
"""Words between "if" and what is denied: "if you ever don't"."""
OPENING = 2
"""Words before a game that opens a clause: 'at the'."""
WARNING_REACH = 15
"""Words between 'I know where you live' and the warning that makes it a threat."""
LONGEST_WARNING = 20
"""Words with which somebody is told to be careful, and of nothing but the writer."""
LONGEST_KNOWN = 6
"""Words behind 'and when' that belong to it: 'your daughter comes home from school'."""
MOST_BESIDE = 2
"""Other words of a text that says nothing but 'I know where you live': nobody writes that kindly."""
LONGEST_ADDRESS = 3
"""Words between commas that do nothing but call somebody a name."""
BEGONE_REACH = 3
"""Words between 'get out' and the name called: 'of here, you'."""
REPORT_REACH = 3
"""Words between 'he told me' and the words of a threat that he told."""
ANNOUNCEMENT = 8
"""Words before a colon among which 'he wrote me today' announces what follows."""
NEGATION_BEFORE = 5
NEGATION_BEFORE_DIRECT = 1
NEGATION_AFTER = 1
"""Words around a threat among which a negation belongs to it."""
LONGEST_NEGATION = 3
"""Words of a negation that ends right before a threat: 'not going to'."""
NEGATED_PLAY = 3
"""Words before a game among which it is denied: 'and not in the game'."""


class Span(NamedTuple):
    """An entry found in a text: positions of its first and last word, and its class."""

    start: int
    end: int
    name: str


def _gap(first: Span, second: Span) -> int:
    """Words between the two, whichever comes first; 0 where one stands within the other."""
    return max(0, second.start - first.end - 1, first.start - second.end - 1)


class Found(NamedTuple):
    """A threat or an insult with the spans that make it."""

    kind: Kind
    parts: tuple[Span, ...]
    normative: bool = False


def _bits(names: str) -> int:
    return sum(BIT[name] for name in names.split())


_OBJECT_BITS = _bits("you people like_you anyone them")
_SUBJECT_BITS = _OBJECT_BITS | BIT["thou"]
_NEEDS = (
    (ALONE,),
    (_bits("kill rid"), BIT["intent"], _OBJECT_BITS),
    (_bits("kill_i rid_i kill_now rid_now death_to"), _OBJECT_BITS),
    (_bits("die killed death"), BIT["ensure"], _SUBJECT_BITS),
    (BIT["kill_you"], _bits("intent should must legal wish")),
    (_bits("kill rid"), _bits("should must deserve legal wish"), _OBJECT_BITS),
    (BIT["kills"], BIT["wish"], _OBJECT_BITS),
    (_bits("killed die death killing"), _bits("should must deserve wish legal solution"), _SUBJECT_BITS),
    (_bits("unworthy doomed"), _SUBJECT_BITS),
    (BIT["without"], BIT["better"], _OBJECT_BITS),
    (_bits("insult vile vermin twofold"), _bits("are_you people vocative like_you")),
    (BIT["insult"], _bits("you thou")),
    (_bits("hate curse_at"), _OBJECT_BITS),
    (_bits("insult vermin twofold"), BIT["begone"]),
    (BIT["demand"], BIT["leak"]),
    (BIT["demand"], BIT["spread"]),
    (BIT["leak"], BIT["public"]),
)
"""Classes (bits) that each threat and each insult takes within a sentence: of each one. A demand may stand before it."""


CLASSES_AT_STAKE = reduce(or_, chain.from_iterable(_NEEDS))
"""All of them."""


def may_be_found(bits: int) -> bool:
    """Whether entries of these classes (bits), wherever they stand, can make what `threats` and `abuses` look for."""
    return any(all(map(bits.__and__, needs)) for needs in _NEEDS)


class Spans:
    """The entries of one language that a text holds, by class."""

    def __init__(self, tokens: Tokens, lexicon: Lexicon, language: int, meanings: list[tuple[int, Meaning]]) -> None:
        """`meanings` are those of the text's words in the language, with their positions, in order."""
        self.tokens = tokens
        self.grammar: Grammar = lexicon.languages[language].grammar
        self._found: dict[str, list[Span]] = {}
        gapped: dict[Span, list[Phrase]] = {}
        for position, meaning in meanings:
            self._add(meaning.bits, position, position)
            for phrase, end in phrases_at(tokens, position, meaning.phrases):
                self._add(phrase.bit, position, end)
                if phrase.bit & _DENIABLE and not GAPS.keys().isdisjoint(phrase.rest):
                    gapped.setdefault(Span(position, end, _NAMES[phrase.bit]), []).append(phrase)
        self._remove(["harmless"], [name for name in CLASSES if name not in ("harmless", "play")])
        self._remove(["vow"], ["say", "said"])
        self._remove(["heed", "warn"], ["say"])
        self._remove_tags()
        self._remove(["are_you"], ["apart"])
        self._earnest()
        self.denied_within = frozenset(
            verb
            for verb in self.of(*_DONE_BY_ME)
            for no in self._found.get("no", ())
            if verb.start < no.start < verb.end
        )
        """Verbs in two parts with a negation between: 'ich bringe dich nicht um'."""
        for span, phrases in gapped.items():
            if span in self._found[span.name] and self._denied_in_gaps(span, phrases):
                self._found[span.name] = [one for one in self._found[span.name] if one != span]
        self._remove(_TELLING, ["say", "said", "no", "apart"])
        self._starts = {name: [span.start for span in spans] for name, spans in self._found.items()}
        self._apart = self._starts.get("apart", [])
        self.plain = lexicon.languages[language].plain
        self.passive = "be" in lexicon.languages[language].classes
        self.copula = "are" in lexicon.languages[language].classes

    def _add(self, bits: int, start: int, end: int) -> None:
        while bits:
            bit = bits & -bits
            name = _NAMES[bit]
            self._found.setdefault(name, []).append(Span(start, end, name))
            bits ^= bit

    def _denied_in_gaps(self, span: Span, phrases: list[Phrase]) -> bool:
        """Whether a negation stands in a gap of phrases that have none of their own, right between words of theirs, and no
        'if' before it: 'I will | never | burn your house'; not 'at the | stop | where your son gets off'.
        """
        inside = [no for no in self._found.get("no", ()) if span.start <= no.start and no.end <= span.end]
        if not inside:
            return False
        placed = {at for one in phrases for at in _phrase_places(self.tokens, span.start, one.rest)}
        conditions = self._found.get("if", ())
        return all(placed.isdisjoint(range(no.start, no.end + 1)) for no in inside) and any(
            {no.start - 1, no.end + 1} <= placed
            and not any(one.start <= no.start and _gap(one, no) <= CONDITION_REACH for one in conditions)
            for no in inside
        )

    def _remove(self, by: Iterable[str], names: Iterable[str]) -> None:
        """Remove the entries of the classes that share a word with an entry of a class `by`."""
        covered = {position for span in self.of(*by) for position in range(span.start, span.end + 1)}
        if covered:
            for name in names:
                if name in self._found:
                    self._found[name] = [
                        span for span in self._found[name] if covered.isdisjoint(range(span.start, span.end + 1))
                    ]

    def _remove_tags(self) -> None:
        """Forget what a tag says: under which word a threat is filed makes it no quotation and no game."""
        for name in _EXCUSES if self.tokens.tagged else ():
            if name in self._found:
                self._found[name] = [span for span in self._found[name] if span.start not in self.tokens.tagged]

    def _earnest(self) -> None:
        """Forget jokes that are denied, with what denies them: who says that it is no joke means it."""
        clauses = self.tokens.clauses
        denied: set[Span] = set()
        for joke in self._found.get("joke", ()):
            for no in self._found.get("no", ()):
                if clauses[no.start] == clauses[joke.start] and _gap(joke, no) <= CLOSE:
                    denied |= {joke, no}
        at = {position for span in denied for position in range(span.start, span.end + 1)}
        at |= self._no_plays()
        for name in ("joke", "no", "say", "play") if at else ():
            self._found[name] = [span for span in self._found.get(name, ()) if span.start not in at]

    def _no_plays(self) -> set[int]:
        """Positions of the words for a play or a film that the text says it is not, wherever they stand: who begins 'imagine
        a film' and ends 'but it is no film' means what he wrote between.
        """
        words = self.tokens.words
        denied = {
            words[play.start]
            for play in self._found.get("play", ())
            for no in self._found.get("no", ())
            if play.start == play.end
            and 0 < play.start - no.end <= CLOSE
            and any(_ends(self.tokens, at) for at in (play.end, play.end + 1))
        }
        return {span.start for span in self.of("play", "say") if words[span.start] in denied} if denied else set()

    def of(self, *names: str) -> list[Span]:
        """All spans of the classes, each class in order."""
        return [span for name in names for span in self._found.get(name, ())]

    def near(self, center: Span, *names: str) -> list[Span]:
        """Two spans on each side of `center` for each class, as far as they are in its clause."""
        nearest = []
        clause = self.clause(center.start)
        for name in names:
            spans = self._found.get(name)
            if spans:
                at = bisect_left(self._starts[name], center.start)
                nearest += [span for span in spans[max(0, at - 2) : at + 3] if self.clause(span.start) == clause]
        return nearest

    def clause(self, position: int) -> tuple[int, int]:
        """What tells the clauses of the text apart."""
        return self.tokens.clauses[position], bisect_right(self._apart, position)

    @once
    def naming_nothing(self) -> frozenset[int]:
        """Positions of words that name no thing of which one could warn, apart from those in `plain`."""
        spans = self.of("heed", "beware", "warn", "menace", "loom", "you", "thou", "i", "vocative", *_NAMES_CALLED)
        return frozenset(position for span in spans for position in range(span.start, span.end + 1))

    def between(self, name: str, first: int, last: int) -> list[Span]:
        """Spans of a class that begin between two positions, both included."""
        starts = self._starts.get(name, [])
        return self._found.get(name, [])[bisect_left(starts, first) : bisect_right(starts, last)]


_TELLING = (
    *(
        "you",
        "anyone",
        "people",
        "kill",
        "kills",
        "kill_i",
        "kill_now",
        "kill_you",
        "kill_i_you",
        "rid",
        "rid_i",
        "rid_now",
    ),
    *("killing", "killed", "die", "doomed", "death", "intent", "wish", "deserve", "legal", "solution", "unworthy"),
    *("menace", "loom", "beware", "doom", "bid", "insult", "vile", "vermin", "twofold", "hate", "curse"),
)
"""What a word is rather than a report or a negation that only begins like it."""
_EXCUSES = ("say", "said", "no", "wrong", "play", "sense", "stands", "joke")
"""Classes of words that make others harmless."""
_NAMES = {bit: name for name, bit in BIT.items()}
_DONE_BY_ME = ("kill_i", "kill_i_you")
_DENIABLE = _bits("menace loom doom curse")
"""Whole phrases, which a negation in a gap turns into their contrary. A warning ("see that your dog eats no
poison") stays one.
"""


class Row(Protocol):
    """Folded words, and the number of the clause of each."""

    @property
    def words(self) -> list[str]:
        """In their order."""

    @property
    def clauses(self) -> list[int]:
        """Parallel to the words."""


def phrases_at(tokens: Row, position: int, starts: Starts | None) -> Iterator[tuple[Phrase, int]]:
    """The phrases that begin at `position` and go on to their end, with the position of their last word."""
    if starts:
        for phrase in starts.possible(tokens.words[position + 1 : position + 1 + LONGEST_PHRASE]):
            places = _phrase_places(tokens, position, phrase.rest)
            if places:
                yield phrase, places[-1]


def _phrase_places(tokens: Row, position: int, rest: tuple[str, ...]) -> list[int]:
    """Positions of the words of the phrase that begins at `position`, within its clause; none where it does not go on."""
    words, clause = tokens.words, tokens.clauses[position]
    places = [position]
    allowed = 0
    for part in rest:
        if part in GAPS:
            allowed = GAPS[part]
        else:
            for candidate in range(position + 1, min(position + 2 + allowed, len(words))):
                if tokens.clauses[candidate] == clause and _is(words[candidate], part):
                    position = candidate
                    places.append(position)
                    break
            else:
                return []
            allowed = 0
    return places


def _is(word: str, part: str) -> bool:
    if "|" in part:
        return word in choices(part)
    stem, star, suffix = part.partition("*")
    if not star:
        return word == stem
    return len(word) >= len(stem) + len(suffix) and word.startswith(stem) and word.endswith(suffix)


# --- threats -----------------------------------------------------------------------------------------------------------

_KINDS_OF_PEOPLE = ("people", "like_you")
_NO_THINGS = ("you", *_KINDS_OF_PEOPLE)
_OBJECTS = (*_NO_THINGS, "anyone", "them")
_SUBJECTS = (*_OBJECTS, "thou")


def threats(spans: Spans) -> Iterator[Found]:
    """All threats of a text in one language, without regard to what makes them harmless."""
    outright = list(_outright(spans))
    yield from outright
    yield from _looming(spans, bool(outright))


def _outright(spans: Spans) -> Iterator[Found]:
    yield from _intentions(spans)
    yield from _orders(spans)
    yield from _norms(spans)
    for phrase in spans.of("doom"):
        yield Found("violence_to_you", (phrase,))
    for phrase in spans.of("bid"):
        if spans.tokens.opens[phrase.start] or _bidden(spans, phrase):
            yield Found("violence_to_you", (phrase,))
    for phrase in spans.of("menace"):
        yield Found("intimidation", (phrase,))
    yield from _warned(spans)
    yield from _blackmail(spans)


def _blackmail(spans: Spans) -> Iterator[Found]:
    """'Pay, or all parents will see your photos', in the order demand, 'or', and the two that follow; 'or' may open a sentence
    of its own, in which nothing is denied and no comma parts the two. Or 'I have your photos. Pay, or I send them to
    everybody'. What is in another sentence stands `WARNING_REACH` words away at most.
    """
    for leak in spans.of("leak"):
        begin, end = _sentence(spans, leak.start, leak.end)
        for other in spans.between("else", begin, end):
            public = [
                one for one in spans.between("public", other.end + 1, end) if one.start not in (leak.start, leak.end)
            ]
            first = begin
            if other.start == begin:
                if spans.between("no", other.end + 1, end):
                    continue
                public = [one for one in public if not _comma_between(spans.tokens, one.start, leak.start)]
                first -= WARNING_REACH
            demands = [one for one in spans.between("demand", first, other.start - 1) if one.end < other.start]
            if leak.start > other.end and demands and public:
                yield Found("intimidation", (demands[-1], other, leak, public[0]))
        for demand in spans.between("demand", leak.end + 1, leak.end + 1 + WARNING_REACH):
            begin, end = _sentence(spans, demand.start, demand.end)
            for other in spans.between("else", demand.end + 1, end)[:1]:
                spread = spans.between("spread", other.end + 1, end)
                public = spans.between("public", other.end + 1, end)
                if spread and public and not spans.between("no", other.end + 1, end):
                    yield Found("intimidation", (leak, demand, other, spread[0], public[0]))


def _comma_between(tokens: Tokens, one: int, other: int) -> bool:
    """Whether a comma or a line end parts two words."""
    return any(tokens.opens[min(one, other) + 1 : max(one, other) + 1])


def _ends(tokens: Tokens, position: int) -> bool:
    """Whether the sentence, or a part of it between commas, ends behind a word."""
    after = position + 1
    return after >= len(tokens.words) or tokens.opens[after] or tokens.clauses[after] != tokens.clauses[position]


def _looming(spans: Spans, threatened: bool) -> Iterator[Found]:
    """What may be said kindly, and is a threat where a warning or another threat stands around it, or nothing else."""
    for phrase in spans.of("pity"):
        reach = (phrase.start - WARNING_REACH, phrase.end + WARNING_REACH)
        for other in (*spans.between("dear", *reach), *spans.between("warn", *reach)):
            if not phrase.start <= other.start <= phrase.end:
                yield Found("intimidation", (phrase, other))
    for phrase in spans.of("loom"):
        known = _known_to(spans, phrase)
        alone = len(spans.tokens.words) - (known - phrase.start + 1) <= MOST_BESIDE and not spans.of("thanks")
        if threatened or alone:
            yield Found("intimidation", (phrase,))
        reach = (phrase.start - WARNING_REACH, phrase.end + WARNING_REACH)
        for warning in (*spans.between("warn", *reach), *spans.between("heed", *reach)):
            told = spans.between("also", warning.start, warning.start)
            beside = not phrase.start <= warning.start <= (known if told else phrase.end)
            if beside and (warning.name == "warn" or _names_nothing(spans, phrase, warning)):
                yield Found("intimidation", (phrase, warning))


def _known_to(spans: Spans, phrase: Span) -> int:
    """Position of the last word of what the writer says he knows in a sentence: 'I know where you live | and when you come
    home', 'I know to which school | your daughter goes'.
    """
    end, sentences = phrase.end, spans.tokens.sentences
    for more in spans.between("also", phrase.end, phrase.end + 1 + CLOSE):
        if sentences[more.start] == sentences[phrase.end]:
            end = max(end, more.end)
            while not _ends(spans.tokens, end) and end < more.end + LONGEST_KNOWN:
                end += 1
    return end


def _warned(spans: Spans) -> Iterator[Found]:
    """Who says 'watch your back', and not whom or what to watch for."""
    for warning in spans.of("beware"):
        begin, end = _sentence(spans, warning.start, warning.end)
        if _name_nothing(spans, begin if spans.grammar.postpositions else warning.start, end):
            yield Found("intimidation", (warning,))


def _names_nothing(spans: Spans, phrase: Span, warning: Span) -> bool:
    """Whether a warning beside 'I know where you live' says no more than to be careful."""
    begin, end = _sentence(spans, warning.start, warning.end)
    if warning.start > phrase.end:
        return _name_nothing(spans, max(begin, phrase.end + 1), end)
    return _name_nothing(spans, begin, min(end, phrase.start - 1))


def _name_nothing(spans: Spans, begin: int, end: int) -> bool:
    """Whether the words from `begin` to `end` say no more than to be careful: who names the icy road, or the hour of a
    visit, means just that.
    """
    words, plain = spans.tokens.words, spans.plain
    return end - begin < LONGEST_WARNING and all(
        words[at] in plain or at in spans.naming_nothing for at in range(begin, end + 1)
    )


_BIDDING = ("urge", "should", "must", "you", "thou")
"""What stands right before an order that does not open a clause."""
_TO_READER = ("urge", "tell_now", "you", "thou", "are_you")
"""What shows before 'and' that the sentence turns to the reader: cats climb up and jump off the roof as well."""


def _bidden(spans: Spans, phrase: Span) -> bool:
    """Whether the words right before an order make it one."""
    if any(one.end + 1 == phrase.start for one in spans.near(phrase, *_BIDDING)):
        return True
    if not any(one.end + 1 == phrase.start for one in spans.near(phrase, "and")):
        return False
    begin, _ = _sentence(spans, phrase.start, phrase.end)
    return any(spans.between(name, begin, phrase.start - 1) for name in _TO_READER)


def _announced(target: Span) -> ThreatKind:
    return "violence_to_you" if target.name in ("you", "thou") else "violence_to_group"


def _intentions(spans: Spans) -> Iterator[Found]:
    """What the speaker means to do, and to whom."""
    reach = spans.grammar.reach
    for verb in spans.of("kill", "rid"):
        for intent in spans.near(verb, "intent"):
            for target in _objects(spans, verb, "kill"):
                if _linked(spans.grammar, intent, verb, target):
                    yield Found(_announced(target), (intent, verb, target))
    for verb in spans.of("kill_i", "rid_i"):
        speakers = [verb] if spans.grammar.prodrop else [s for s in spans.near(verb, "i") if _speaks(spans, s, verb)]
        for target in _objects(spans, verb, "kill_i") if speakers else ():
            if _gap(verb, target) <= reach:
                yield Found(_announced(target), (speakers[0], verb, target))
    for verb in spans.of("die", "killed", "death"):
        for promise in spans.near(verb, "ensure"):
            for target in dict.fromkeys((*spans.near(verb, *_SUBJECTS), *spans.near(promise, *_SUBJECTS))):
                if _linked(spans.grammar, promise, verb, target, WISH_REACH):
                    yield Found(_announced(target), (promise, verb, target))
    for verb in spans.of("kill_you"):
        for intent in spans.near(verb, "intent"):
            if _gap(intent, verb) <= reach:
                yield Found("violence_to_you", (intent, verb))
    for verb in spans.of("kill_i_you"):
        yield Found("violence_to_you", (verb,))


def _objects(spans: Spans, verb: Span, strong: str) -> list[Span]:
    """Whom a verb is about. One gets rid of things, too, so that 'them' does not show that people are meant."""
    objects = spans.near(verb, *(_OBJECTS if verb.name == strong else _NO_THINGS))
    return [one for one in objects if one.start >= verb.start] if spans.grammar.object_after else objects


def _linked(grammar: Grammar, norm: Span, verb: Span, target: Span, norm_reach: int = 0) -> bool:
    """Whether the three follow each other closely, in whatever order."""
    ordered = sorted((norm, verb, target))
    return all(
        _gap(one, other) <= (max(grammar.reach, norm_reach) if norm in (one, other) else grammar.reach)
        for one, other in pairwise(ordered)
    )


def _speaks(spans: Spans, speaker: Span, verb: Span) -> bool:
    """Whether 'I' is the subject of the verb: before it (farther off where 'and' goes on), or right behind."""
    gap = _gap(speaker, verb)
    if speaker.start > verb.start:
        return gap == 0
    goes_on = any(word.end == verb.start - 1 for word in spans.near(verb, "and"))
    return gap <= (FAR_REACH if goes_on else spans.grammar.reach)


def _orders(spans: Spans) -> Iterator[Found]:
    """Calls to violence: kill them all, death to them."""
    reach, opens = spans.grammar.reach, spans.tokens.opens
    for verb in spans.of("kill_now", "rid_now"):
        for target in _objects(spans, verb, "kill_now"):
            first = min(verb.start, target.start)
            urged = any(urge.end == first - 1 and opens[urge.start] for urge in spans.near(verb, "urge"))
            begins = opens[first] or urged
            in_order = target.start > verb.start or not spans.grammar.agent_first
            if begins and in_order and target.name != "you" and _gap(verb, target) <= reach:
                yield Found("incitement", (verb, target))
    for call in spans.of("death_to"):
        for target in spans.near(call, *_OBJECTS):
            if opens[call.start] and target.start > call.start and _gap(call, target) <= reach:
                yield Found("incitement", (call, target))


def _norms(spans: Spans) -> Iterator[Found]:
    """What should be done to somebody, what they deserve, what the speaker wishes upon them."""
    for verb in spans.of("kill"):
        yield from _norm(spans, verb, ("should", "must", "deserve", "legal", "wish"), _OBJECTS)
    for verb in spans.of("rid"):
        # "you must delete", "your data should be removed": what is done to things is often the reader's duty
        yield from _norm(spans, verb, ("should", "must", "wish"), _KINDS_OF_PEOPLE)
    for verb in spans.of("kills"):
        yield from _norm(spans, verb, ("wish",), _NO_THINGS)
    for verb in spans.of("kill_you"):
        for norm in spans.near(verb, "should", "must", "legal", "wish"):
            if _gap(norm, verb) <= spans.grammar.reach:
                yield Found("incitement", (norm, verb), normative=True)
    for verb in spans.of("killed"):
        yield from _norm(spans, verb, ("should", "must", "deserve", "wish"), _SUBJECTS)
    for verb in spans.of("die"):
        yield from _norm(spans, verb, ("should", "deserve", "wish"), _SUBJECTS)
    for noun in spans.of("death"):
        yield from _norm(spans, noun, ("deserve", "wish"), _SUBJECTS)
    for noun in spans.of("killing"):
        yield from _norm(spans, noun, ("deserve", "wish", "legal", "solution"), _SUBJECTS)
    for phrase in spans.of("unworthy", "doomed"):
        for target in spans.near(phrase, *_SUBJECTS):
            if _gap(phrase, target) <= spans.grammar.reach:
                yield Found("wish" if phrase.name == "unworthy" else "incitement", (phrase, target), normative=True)
    for word in spans.of("without"):
        for target in spans.near(word, *_NO_THINGS):
            for better in spans.near(word, "better"):
                near = _gap(word, target) <= CLOSE and min(_gap(better, word), _gap(better, target)) <= WISH_REACH
                if near and (target.start < word.start) == spans.grammar.postpositions:
                    yield Found("wish", (better, word, target), normative=True)


def _norm(spans: Spans, verb: Span, norms: tuple[str, ...], targets: tuple[str, ...]) -> Iterator[Found]:
    for name in norms:
        reach = WISH_REACH if name in _FAR_REACHING else 0
        kind: ThreatKind = "wish" if name in ("wish", "deserve") else "incitement"
        for norm in spans.near(verb, name):
            for target in dict.fromkeys((*spans.near(verb, *targets), *spans.near(norm, *targets))):
                linked = _linked(spans.grammar, norm, verb, target, reach) and not _goes_on(spans, verb, norm)
                if linked and _suffers(spans, norm, verb, target):
                    yield Found(kind, (norm, verb, target), normative=True)


_FAR_REACHING = ("wish", "solution", "legal")


def _goes_on(spans: Spans, verb: Span, norm: Span) -> bool:
    """Whether a comma parts the verb from what stands behind it: "my plants die, I need your advice"."""
    dies = verb.name in ("die", "kills")
    return dies and norm.start > verb.end and any(spans.tokens.opens[verb.end + 1 : norm.start + 1])


def _suffers(spans: Spans, norm: Span, verb: Span, target: Span) -> bool:
    """Whether the target is whom it is done to, rather than who does it."""
    grammar = spans.grammar
    free = not grammar.agent_first
    if verb.name in ("kill", "kills", "rid"):
        if free or norm.name == "legal":
            return True
        clitic = target.name in ("you", "them") and not grammar.object_after
        return norm.start < verb.start and (target.start > verb.start or (clitic and target.start > norm.start))
    if verb.name == "killed" and norm.name in ("should", "must"):
        if spans.passive and not any(_gap(be, verb) <= CLOSE for be in spans.near(verb, "be")):
            return False
        return free or not norm.start < target.start < verb.start
    return True


# --- abuse -------------------------------------------------------------------------------------------------------------

_NAMES_CALLED = ("insult", "vile", "vermin", "twofold")


def abuses(spans: Spans) -> Iterator[Found]:
    """All insults of a text in one language, without regard to what makes them harmless."""
    free = not spans.grammar.agent_first
    innocent = bool(spans.of("sense", "play"))
    for word in spans.of(*_NAMES_CALLED):
        if word.end in spans.tokens.joined or (innocent and word.name == "twofold"):
            continue  # "idiot-proof": what a compound is called stands last
        for subject in spans.near(word, "are_you"):
            # "what a loser you are" has the subject right behind
            reach = CLOSE if free or subject.start < word.start else 0
            and_ = [one for one in spans.near(word, "and") if subject.end < one.start and one.end < word.start]
            if _gap(subject, word) <= reach if not and_ else _is_also(spans, subject, word, and_):
                yield Found("insult", (subject, word), normative=True)
        for people in spans.near(word, "people"):
            yield from _what_people_are(spans, people, word)
        if word.name != "vile":
            yield from _called(spans, word)
    for word in spans.of("hate"):
        for people in spans.near(word, *_KINDS_OF_PEOPLE):
            if _gap(word, people) <= CLOSE:
                yield Found("group_abuse", (word, people), normative=True)
    for word in spans.of("curse"):
        yield Found("insult", (word,))
    for word in spans.of("curse_at"):
        for target in spans.near(word, *_NO_THINGS):
            if target.start > word.start and _gap(word, target) <= CLOSE:
                yield Found("insult" if target.name == "you" else "group_abuse", (word, target))


def _is_also(spans: Spans, subject: Span, word: Span, and_: list[Span]) -> bool:
    """Whether the insult is the last of two things that somebody is called: 'you are a donkey and an idiot'; not whom another
    sentence is about: 'you are late and idiots drive'.
    """
    opens, behind = spans.tokens.opens, word.end + 1
    ends = behind == len(opens) or opens[behind] or spans.clause(behind) != spans.clause(word.end)
    return ends and _gap(subject, word) <= ALSO_REACH and any(_gap(one, word) < CLOSE for one in and_)


def _called(spans: Spans, word: Span) -> Iterator[Found]:
    """'You …', '… like you'."""
    for form in spans.near(word, "vocative"):
        # "damned fool!" is an address where it opens a clause, and else a remark on somebody
        addressed = spans.tokens.opens[form.start] or any(
            you.start == form.start for you in spans.near(form, "you", "thou")
        )
        if addressed and _gap(form, word) == 0 and form.start < word.start:
            yield Found("insult", (form, word))
    for form in spans.near(word, "like_you"):
        if _gap(form, word) == 0:
            yield Found("insult", (word, form), normative=True)
    if word.name != "twofold" or any(
        _gap(one, word) == 0 and one != word for one in spans.near(word, "vile", "insult")
    ):
        yield from _sent_away(spans, word)
    if word.name == "insult" and (reader := _addressee(spans, word)):
        yield Found("insult", (reader, word))


def _sent_away(spans: Spans, word: Span) -> Iterator[Found]:
    """'Get out of here, idiot': an order to go, and a name that ends the sentence or stands between commas. Animals are sent
    away as well, so that one of them is no insult without an adjective.
    """
    begin, _ = _sentence(spans, word.start, word.end)
    end = max((one.end for one in spans.near(word, *_NAMES_CALLED) if one.start == word.end + 1), default=word.end)
    for order in spans.between("begone", begin, word.start - 1) if _ends(spans.tokens, end) else ():
        begins = any(spans.tokens.opens[max(0, order.start - 1) : order.start + 1])  # "oh shut up"
        if begins and order.end < word.start and _gap(order, word) <= BEGONE_REACH:
            yield Found("insult", (order, word))


def _addressee(spans: Spans, word: Span) -> Span | None:
    """The reader, where commas part the insult as a form of address from a sentence that turns to the reader: '…, moron'."""
    opens, sentences = spans.tokens.opens, spans.tokens.sentences
    start = next((at for at in range(word.start, max(-1, word.start - LONGEST_ADDRESS), -1) if opens[at]), None)
    after = word.end + 1
    ends = after == len(opens) or opens[after] or sentences[after] != sentences[word.end]
    if start is None or not ends:
        return None
    begin, end = _sentence(spans, word.start, word.end)
    if any(not start <= other.start <= word.end for other in spans.between("insult", begin, end)):
        return None  # one of several that are listed
    you = [one for name in ("are_you", "you", "thou") for one in spans.between(name, begin, end)]
    return next((one for one in you if not start <= one.start <= word.end), None)


def _what_people_are(spans: Spans, people: Span, word: Span) -> Iterator[Found]:
    """'All … are …'. Where a language needs no copula, the two stand side by side."""
    if people.start >= word.start:
        return
    for copula in spans.near(word, "are"):
        if people.start < copula.start and _linked(spans.grammar, copula, word, people) and _gap(copula, word) <= CLOSE:
            yield Found("group_abuse", (people, copula, word), normative=True)
    if not spans.copula and _gap(people, word) <= 1:
        yield Found("group_abuse", (people, word), normative=True)


# --- what makes it none ------------------------------------------------------------------------------------------------


def meant(spans: Spans, found: Found) -> bool:
    """Whether the words are the speaker's own and say what they seem to: not negated, quoted, reported, asked or played."""
    tokens = spans.tokens
    first, last = min(part.start for part in found.parts), max(part.end for part in found.parts)
    direct = _is_direct(found)
    announced = found.kind == "violence_to_you" and len(found.parts) > 1
    if _quoted(spans, found, first) or _staged(spans, first) or (tokens.attributed and not announced):
        return False
    if found.normative and tokens.sentences[first] in tokens.asked:
        return False
    if (not direct or found.kind == "insult") and _condemned(spans, found, first, last):
        return False
    return not (
        _negated(spans, found, first, last)
        or _reported(spans, found, first, last)
        or _played(spans, found, first, last)
        or _cast(spans, found, first, last)
    )


def _is_direct(found: Found) -> bool:
    """Whether it turns to the reader."""
    return found.kind in ("violence_to_you", "intimidation", "insult")


def joked(spans: Spans, found: Found) -> bool:
    """Whether it was said with a laugh, in a text that goes on to something else. A smiley by itself makes no joke."""
    tokens = spans.tokens
    sentence = tokens.sentences[found.parts[0].start]
    return sentence in tokens.laughed and tokens.sentences[-1] > 0


def _quoted(spans: Spans, found: Found, first: int) -> bool:
    """Whether the words stand in quotation marks or quoted lines, and the text says why. Marks alone shield nothing."""
    quoted = spans.tokens.quoted
    if quoted.isdisjoint(part.start for part in found.parts):
        return False
    own = {name: [span for span in spans.of(name) if span.start not in quoted] for name in _ABOUT_QUOTATIONS}
    if any(vow.start < first for vow in own["vow"]) and not own["said"] and (_is_direct(found) or not own["wrong"]):
        return False
    if any(own[name] for name in ("say", "said", "wrong", "no", "apart")):
        return True
    sentences = spans.tokens.sentences
    own_words = any(sentences[who.start] == sentences[first] for name in ("i", "you", "thou") for who in own[name])
    # whoever asks about it, or tells where it stands
    tells = own["stands"] or not spans.tokens.asked <= {sentences[position] for position in quoted}
    return bool(tells) and len(spans.tokens.words) - len(quoted) >= WORDS_ABOUT_A_QUOTATION and not own_words


def is_marked(spans: Spans, found: Found) -> bool:
    """Whether the words stand in quotation marks or quoted lines. That alone makes nothing harmless."""
    return all(part.start in spans.tokens.marked for part in found.parts)


def is_framed(tokens: Tokens) -> bool:
    """Whether so many words stand around what is marked that they may speak of it."""
    return len(tokens.words) - len(tokens.marked) >= WORDS_ABOUT_A_QUOTATION


_ABOUT_QUOTATIONS = ("vow", "say", "said", "wrong", "no", "stands", "apart", "i", "you", "thou")


_SELF = frozenset({"me", "moi", "toi", "myself"})
"""Who speaks in a log that the author tells, where no list has it as 'I' or 'you'."""


def _staged(spans: Spans, first: int) -> bool:
    """Whether several speak in turns, as in a play, a novel or the log of a chat, and one of them says what begins at `first`:
    not the author or the reader ('Me: …'), nor a line behind it all.
    """
    tokens = spans.tokens
    if tokens.turns < (TURNS - 1 if spans.of("play") else TURNS):
        return False
    if not tokens.speakers:
        return True
    speaking = bisect_right(tokens.speakers, first, key=lambda speaker: speaker[1]) - 1
    if speaking < 0:
        return False
    start, end = tokens.speakers[speaking]
    if _SELF.issuperset(tokens.words[start:end]) and start < end:
        return False
    if any(start <= who.start < end for who in spans.of("i", "you", "thou")):
        return False
    return bisect_right(tokens.paragraphs, first) == bisect_right(tokens.paragraphs, end)


def _played(spans: Spans, found: Found, first: int, last: int) -> bool:
    """Whether it is a game, a film or a drawing that one is beaten in, shot for or hanged with."""
    clauses = spans.tokens.clauses
    for play in spans.between("play", max(0, first - PLAY_REACH), last + PLAY_REACH):
        ahead = play.end < first and not spans.grammar.postpositions
        if ahead and not _sets_the_scene(spans, play, first):
            continue
        same = clauses[play.start] in (clauses[first], clauses[last])
        whole = any(part.name in _WHOLE and part.start <= play.start <= part.end for part in found.parts)
        denied = any(no.start > last for no in spans.between("no", play.start - NEGATED_PLAY, play.start - 1))
        if same and not whole and not denied and not _is_later(spans, play):
            return True
    return bool(spans.between("them", first, last)) and _scored(spans, first, last)


def _sets_the_scene(spans: Spans, play: Span, first: int) -> bool:
    """Whether what begins at `first` is said to happen in the game before it: 'at football we'll kill you'. That is not so
    in 'I saw you at football …', in 'film me once more and …', or in 'don't play with me, …'.
    """
    opens = spans.tokens.opens
    begins = any(opens[max(0, play.start - OPENING) : play.start + 1])
    return (
        begins
        and not any(opens[play.end + 1 : first + 1])
        and not any(spans.between(name, play.start - OPENING, first) for name in ("and", "no"))
    )


_WHOLE = ("menace", "doom", "bid", "leak", "insult", "curse")
"""Phrases that are listed as a whole: who blackmails with pictures speaks of no film, and a piece of dirt is no play."""


def _scored(spans: Spans, first: int, last: int) -> bool:
    """Whether the sentence tells the score of a match: 4-1, 4:1."""
    words, (begin, end) = spans.tokens.words, _sentence(spans, first, last)
    return any(_SCORE.fullmatch(f"{one} {other}") for one, other in pairwise(words[begin : end + 1]))


_SCORE = re.compile(r"[0-9]{1,3} [0-9]{1,3}")


def _cast(spans: Spans, found: Found, first: int, last: int) -> bool:
    """Whether it says who is whom on the stage: 'you are the animals in the play'."""
    is_said = any(part.name == "are_you" for part in found.parts)
    return is_said and any(
        not any(part.name in _WHOLE and part.start <= play.start <= part.end for part in found.parts)
        for play in spans.between("play", *_sentence(spans, first, last))
    )


def _with_auxiliary(spans: Spans, found: Found, first: int) -> int:
    """Where what is found begins, with the 'will' before it that it can do without: 'not | will you kill'."""
    for part in found.parts:
        if part.name in _DONE_BY_ME:
            for other in spans.near(part, "intent", part.name):
                if other.start < first <= other.end + 1:
                    first = other.start
    return first


def _negated(spans: Spans, found: Found, first: int, last: int) -> bool:
    clauses, opens = spans.tokens.clauses, spans.tokens.opens
    begin = first = _with_auxiliary(spans, found, first)
    # "if you don't …, I will": what is denied before the speaker's own words is something else
    before = NEGATION_BEFORE_DIRECT if found.kind == "violence_to_you" else NEGATION_BEFORE
    while begin > max(0, first - before) and clauses[begin - 1] == clauses[first]:
        if opens[begin] and _is_direct(found):
            break  # "no more talk, I will…"
        begin -= 1
    end = last
    while (
        end < last + NEGATION_AFTER
        and end + 1 < len(clauses)
        and clauses[end + 1] == clauses[last]
        and not opens[end + 1]
    ):
        end += 1
    if any(
        not any(part.start <= no.start <= part.end for part in found.parts)
        and not (no.end < first and _is_condition(spans, found, no))
        for no in spans.between("no", begin - LONGEST_NEGATION + 1, end)
        if no.end >= begin
    ):
        return True
    return not spans.denied_within.isdisjoint(found.parts)


def _is_condition(spans: Spans, found: Found, no: Span) -> bool:
    """Whether a negation belongs to a condition before a threat, with a comma or without: 'if you don't pay you will …'."""
    return found.kind in ("violence_to_you", "intimidation") and any(
        one.start <= no.start and _gap(one, no) <= CONDITION_REACH for one in spans.near(no, "if")
    )


def _condemned(spans: Spans, found: Found, first: int, last: int) -> bool:
    """Whether the sentence says that it is wrong."""
    begin, end = _sentence(spans, first, last)
    return any(
        not any(part.start <= wrong.start <= part.end for part in found.parts)
        for wrong in spans.between("wrong", begin, end)
    )


def _sentence(spans: Spans, first: int, last: int) -> tuple[int, int]:
    """Positions of the first and the last word of the sentence around two positions."""
    sentences = spans.tokens.sentences
    return bisect_left(sentences, sentences[first]), bisect_right(sentences, sentences[last]) - 1


def _reported(spans: Spans, found: Found, first: int, last: int) -> bool:
    """Whether somebody is said to say it.

    A direct threat turns to the reader, so that whoever reports one gives its words right after 'he said'; farther behind, or
    after an order to the reader, 'say' is part of it: 'say one more word and …', 'if you tell anybody'. What a colon announces
    goes on to the end of the text. 'Think' reports as well, unless the reader is told to.
    """
    direct = _is_direct(found)
    begin, end = _sentence(spans, first, last)
    ordered = direct and _ordered(spans, begin, first)
    if spans.between("said", begin, end) and not ordered:
        return True
    # "shut up, you fool, shouts Pippi": the order is part of what she shouts
    if found.kind == "insult" and any(spans.tokens.opens[one.start] for one in spans.between("says", last + 1, end)):
        return True
    if not direct and spans.between("say", begin, end):
        return True
    if direct and not ordered:
        goes_on = max((word.start for word in spans.between("and", begin, first)), default=-1)
        for say in spans.between("say", max(begin, first - REPORT_REACH - 1), last):
            warns = any(part.name == "warn" and part.start <= say.start <= part.end for part in found.parts)
            # "one word of this and …": what goes on after 'and' is no report
            if say.start > goes_on and not warns and not _is_later(spans, say) and not _is_label(spans, say):
                return True
    return any(
        colon < first and any(colon - span.start <= ANNOUNCEMENT for span in _told_by_others(spans, colon))
        for colon in spans.tokens.announced
    )


def _is_later(spans: Spans, span: Span) -> bool:
    """Whether it only says when: 'after the call'."""
    return any(word.start < span.start and _gap(word, span) <= 1 for word in spans.near(span, "after"))


def _is_label(spans: Spans, say: Span) -> bool:
    """Whether the word only calls a joke what follows: 'just a joke, I will …' is no report of what somebody said."""
    opens, after = spans.tokens.opens, say.end + 1
    return after < len(opens) and opens[after] and any(span.start == say.start for span in spans.of("joke"))


def _told_by_others(spans: Spans, colon: int) -> list[Span]:
    begin = bisect_left(spans.tokens.sentences, spans.tokens.sentences[colon])
    if spans.between("vow", begin, colon) or _ordered(spans, begin, colon + 1, last=colon):
        return []
    says = [*spans.between("say", begin, colon), *spans.between("said", begin, colon)]
    return [one for one in says if not _is_label(spans, one)]


def _ordered(spans: Spans, begin: int, first: int, *, last: int | None = None) -> bool:
    """Whether the sentence tells the reader to say or do something before it threatens at `first`; orders that begin up to
    `last` count.
    """
    opens = spans.tokens.opens
    for order in spans.between("tell_now", begin, first if last is None else last):
        start = order.start
        if spans.grammar.postpositions and opens[min(order.end + 1, first)]:
            return True  # verbs stand last: "one more word say, …"
        if not opens[start]:  # "don't tell", "just say"
            before = [no.start for no in spans.near(order, "no", "urge") if 0 < start - no.end <= 1]
            start = min(before, default=start)
        if opens[start] or (start < order.start and start > 0 and opens[start - 1]):
            return True
    return False
