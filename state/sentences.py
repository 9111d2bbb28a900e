"""The sentences of the texts of one part: which are boilerplate, what is learnt of them, and to which campaigns they lead.

What many authors write over days in texts of different campaigns is nobody's: a template, a signature, a notice. A wave of
copies is one campaign and teaches nothing, nor do new accounts, nor do those whom people have found in breach. Of several such
sentences in one text those count that stood together before, so that nobody can teach a text sentence by sentence. Where such
sentences are a good part of a text, signatures are not clear.
"""

from collections.abc import Sequence
from typing import NamedTuple

from state import boilerplate
from state.campaign_tables import Item, Tables
from state.pseudonyms import Pseudonyms
from text.slots import letters_in

GOOD_PART = 0.2
"""Of a text: more boilerplate than this casts doubt on signatures."""


class _Said(NamedTuple):
    """What is known of a sentence: its witnesses, as far as remembered; what `learnt` has of it, and in which table; and what
    that has beside the witnesses, where the sentence is boilerplate.
    """

    witnesses: bytes = b""
    learnt: bytes = b""
    table: bytes = b""
    rest: bytes = b""

    @property
    def is_boilerplate(self) -> bool:
        return bool(self.learnt) and self.learnt != boilerplate.BARRED


_NOTHING = _Said()


class Sentences:
    """The sentences of one part."""

    def __init__(self, tables: Tables, pseudonyms: Pseudonyms) -> None:
        self._tables, self._pseudonyms = tables, pseudonyms
        self._known: dict[tuple[bytes, bytes, bytes], _Said] = {}
        """Sentence and own tables of a text -> what is known of it, as long as nothing was learnt since."""
        self._scopes: set[tuple[bytes, bytes, int, int]] = set()
        self._present: tuple[Item | None, list[_Said]] = None, []
        """The text that was asked about last, and what is known of its sentences, as long as nothing was learnt since."""
        self.refused = 0
        """How often a sentence was not learnt because too much is boilerplate."""

    def boilerplate_in(self, item: Item) -> tuple[list[int], bool]:
        """Whether each sentence of a text is boilerplate (1 or 0), and whether those that are make up a good part of it.

        Of several such sentences in one text those count that stood together before.
        """
        if not any(said.learnt for said in self._said_in(item)):
            return [0] * len(item.sentences), False
        known, letters = [], 0
        group: list[bytes] = []
        for (_, length, _), said in zip(item.sentences, self._said_in(item), strict=True):
            many = said.is_boilerplate
            if many:
                many = all(boilerplate.together(said.witnesses, other) >= boilerplate.TOGETHER for other in group)
                group += [said.witnesses] if many else []
                letters += many * length
            known.append(int(many))
        return known, letters > 0 and letters >= GOOD_PART * letters_in(item.text.signature)

    def shared_with(self, item: Item, known: Sequence[int]) -> dict[bytes, tuple[int, bytes]]:
        """Numbers of the campaigns in which others wrote sentences of a text that are no boilerplate (`known`): letters and
        spaces of these, and the number of each (8 bits).
        """
        shared: dict[bytes, tuple[int, bytes]] = {}
        if not any(said.witnesses for said in self._said_in(item)):
            return shared
        each = zip(item.sentences, self._said_in(item), known, strict=True)
        for i, ((_, length, author), said, many) in enumerate(each, 1):
            if many or not said.witnesses:
                continue
            for number in boilerplate.campaigns_of_others(said.witnesses, author):
                before, sentences = shared.get(number, (0, b""))
                shared[number] = before + length, sentences + bytes((i,))
        return shared

    def learn(self, item: Item, number: bytes) -> None:
        """Learn of each sentence of a text who wrote it and in which campaign. What is boilerplate stays so as long as it is
        used. Where nobody is known to have written it, that is remembered of everybody, though it may weigh nothing: it leads
        to the campaign.
        """
        own = item.learnt[0]
        for (sentence, _, author), said in zip(item.sentences, self._said_in(item), strict=True):
            weight = 0 if said.learnt == boilerplate.BARRED else item.text.teaches
            is_new = not said.witnesses or boilerplate.is_new(said.witnesses, author, number)
            if is_new and weight and self._is_in_breach(item):
                weight = 0
            if is_new and (weight or not said.witnesses):
                self._add(item, sentence, said, author, boilerplate.witness(author, number, item.text.time, weight))
            elif said.learnt and said.table != own:
                self._put(item, own, sentence, said.learnt)

    def _add(self, item: Item, sentence: bytes, said: _Said, author: bytes, witness: bytes) -> None:
        own, witnesses = item.learnt[0], said.witnesses + witness
        if said.is_boilerplate:
            self._put(item, own, sentence, boilerplate.packed(witnesses, said.rest))
            return
        self._put(item, item.generations[0].sentence, sentence, witnesses)
        if boilerplate.are_enough(witnesses) and self._has_room(own):
            example = boilerplate.example_of(self._pseudonyms, item.text) if item.text.teaches else b""
            self._put(item, own, sentence, boilerplate.packed(witnesses, author + example))

    def _put(self, item: Item, table: bytes, sentence: bytes, value: bytes) -> None:
        self._present = None, []
        self._known.pop((sentence, item.generations[0].sentence, item.learnt[0]), None)
        self._tables.put(table, sentence, value)

    def _said_in(self, item: Item) -> list[_Said]:
        """What is known of each sentence of a text."""
        if self._present[0] is not item:
            self._present = item, self._look_up(item)
        return self._present[1]

    def _look_up(self, item: Item) -> list[_Said]:
        own, learnt = item.generations[0].sentence, item.learnt[0]
        self._scopes.add((own, learnt, len(item.generations), len(item.learnt)))
        # texts at a boundary of generations look in others' tables, too
        if len(self._scopes) > 1:
            return [self._read(item, sentence) for sentence, *_ in item.sentences]
        found = []
        for sentence, *_ in item.sentences:
            key = sentence, own, learnt
            if (said := self._known.get(key)) is None:
                said = self._known[key] = self._read(item, sentence)
            found.append(said)
        return found

    def _read(self, item: Item, sentence: bytes) -> _Said:
        get = self._tables.get
        # the first of the longest
        witnesses = max([get(generation.sentence, sentence) for generation in item.generations], key=len)
        for table in item.learnt:
            if learnt := get(table, sentence):
                if learnt == boilerplate.BARRED:
                    return _Said(witnesses, learnt, table)
                witnesses, rest = boilerplate.parts_of(learnt)
                return _Said(witnesses, learnt, table, rest)
        return _Said(witnesses) if witnesses else _NOTHING

    def _is_in_breach(self, item: Item) -> bool:
        """Whether people had found the author in breach of the code before the text."""
        return any(time < item.text.time for time in self._tables.breaches.get(item.author, ()))

    def _has_room(self, table: bytes) -> bool:
        has_room = self._tables.size(table) < boilerplate.MOST_LEARNT
        self.refused += not has_room
        return has_room
