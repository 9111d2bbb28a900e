"""The workload that all benchmarks share: what the members of a made-up network write to one another, in order of time.

Twenty thousand members, few of whom do most of it. Texts of 40 to 1,500 characters, half of them longer than 200, in twelve
languages: words of the sample day's phrases, the frequent ones often, one in five made up of two halves so that words never
run out. One text in fifty is spam in disguise: one of some letters that a handful of accounts each spread, altered anew for
each copy. One in a hundred is a wish that many members write in the same words. The same seed gives the same events on
every machine.
"""

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import accumulate
from typing import Any

import yaml

from models.records import RawRecord, Source

START = datetime(2026, 3, 2, tzinfo=UTC)
SECONDS_BETWEEN = 4
"""Some twenty thousand events a day."""
MEMBERS = 20_000
SHORTEST, MEDIAN, LONGEST = 40, 200, 1_500
"""Characters of a text."""
_SPREAD = 0.8
"""Of the logarithm of a text's length."""
SPAM, WISHES = 0.02, 0.01
"""The share of texts that are."""
_LETTERS, _SPREADERS = 40, 6
"""So many letters of spam go round, each spread by so many accounts."""
_RARE, _NUMBERS = 0.2, 0.02
"""The share of words that are made up, and that are numbers."""
_LOOKALIKES = str.maketrans("aeopcxyi", "аеорсхуі")
_DIGITS = str.maketrans("oiesat", "013547")
_OFFER = ("50 % off today only at https://{}.example/deal", "Earn 900 € a week from home: https://{}.example/start")

Event = dict[str, Any]


class Tongue:
    """A language: its words by how often they come, and what is written in it word for word."""

    def __init__(self, said: dict[str, list[str]]) -> None:
        counts = Counter(
            word.strip(".,!?:;").lower()
            for kind in ("openers", "matters", "closers")
            for phrase in said[kind]
            for word in phrase.split()
        )
        self._words = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if word]
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self._words) + 1)))
        self.wish = f"{said['openers'][0]} {said['closers'][0]}"

    def words(self, chance: random.Random, count: int) -> list[str]:
        """So many of them."""
        words = chance.choices(self._words, cum_weights=self._weights, k=count)
        for place, word in enumerate(words):
            draw = chance.random()
            if draw < _RARE:
                other = chance.choice(self._words)
                words[place] = word[: -(-len(word) // 2)] + other[len(other) // 2 :]
            elif draw < _RARE + _NUMBERS:
                words[place] = str(chance.randrange(2, 2_000))
        return words

    def text(self, chance: random.Random) -> str:
        """Sentences of it."""
        length = round(MEDIAN * math.exp(chance.gauss(0, _SPREAD)))
        length = min(LONGEST, max(SHORTEST, length))
        said = ""
        while len(said) < length:
            sentence = " ".join(self.words(chance, chance.randint(6, 16)))
            said += sentence[:1].upper() + sentence[1:] + chance.choice(".....?!") + " "
        return said[: max(SHORTEST, length)].strip().ljust(SHORTEST, ".")


class Writers:
    """Makes texts."""

    def __init__(self, chance: random.Random, members: int) -> None:
        self._chance = chance
        phrases = yaml.safe_load(files("twinwatch.sample_day").joinpath("phrases.yaml").read_text("utf-8"))
        self._tongues = [Tongue(said) for _, said in sorted(phrases.items())]
        self._letters = [self._letter(number, members) for number in range(_LETTERS)]

    def text(self, actor: str) -> tuple[str, str]:
        """What the actor writes, or a spammer writes instead: the author and the text."""
        draw = self._chance.random()
        if draw < SPAM:
            letter, authors = self._chance.choice(self._letters)
            return self._chance.choice(authors), disguised(letter, self._chance)
        tongue = self._tongue()
        return actor, tongue.wish if draw < SPAM + WISHES else tongue.text(self._chance)

    def _tongue(self) -> Tongue:
        return self._chance.choice(self._tongues)

    def _letter(self, number: int, members: int) -> tuple[str, Sequence[str]]:
        tongue = self._tongue()
        sentences = [" ".join(tongue.words(self._chance, 10)).capitalize() for _ in range(self._chance.randint(2, 4))]
        letter = ". ".join([*sentences, self._chance.choice(_OFFER).format(f"shop{number}")])
        return letter, [f"member-{self._chance.randrange(members)}" for _ in range(_SPREADERS)]


def disguised(text: str, chance: random.Random) -> str:
    """A copy of the text, altered as spammers do: in one or two ways."""
    for way in chance.sample(_DISGUISES, chance.randint(1, 2)):
        text = way(text, chance)
    return text[:LONGEST]


def _with_typos(text: str, chance: random.Random) -> str:
    letters = list(text)
    for place in range(len(letters) - 1):
        if letters[place].isalpha() and chance.random() < 0.05:
            letters[place] = chance.choice(["", letters[place] * 2, letters[place + 1]])
    return "".join(letters)


def _with_lookalikes(text: str, chance: random.Random) -> str:
    return " ".join(word.translate(_LOOKALIKES) if chance.random() < 0.3 else word for word in text.split(" "))


def _with_digits(text: str, chance: random.Random) -> str:
    return " ".join(word.translate(_DIGITS) if chance.random() < 0.15 else word for word in text.split(" "))


def _with_invisible(text: str, chance: random.Random) -> str:
    return "".join(letter + ("\u200b" if chance.random() < 0.1 else "") for letter in text)


def _addressed(text: str, chance: random.Random) -> str:
    return f"Hello {chance.choice('ABCDEFGHKLMNPRSTVZ')}{chance.choice(['anna', 'elin', 'iro', 'ola'])}! {text}"


def _with_other_words(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    return " ".join(chance.choice(words) if chance.random() < 0.1 else word for word in words)


def _shouted(text: str, chance: random.Random) -> str:
    return text.upper() + "!" * chance.randint(1, 5)


_DISGUISES: Sequence[Callable[[str, random.Random], str]] = (
    _with_typos,
    _with_lookalikes,
    _with_digits,
    _with_invisible,
    _addressed,
    _with_other_words,
    _shouted,
)


class Network:
    """Members, what they write, and to whom."""

    def __init__(self, seed: int, members: int = MEMBERS) -> None:
        self._random = random.Random(seed)
        self._members = members
        self._writers = Writers(self._random, members)
        self._requested = [(self._member(), self._member())]
        self._invited = [(self._member(), self._member(), "target-0")]

    def events(self, count: int) -> Iterator[Event]:
        """Events in order of time."""
        makers: list[Callable[[], Event]] = [
            self._message,
            self._forum_post,
            self._comment,
            self._invitation,
            self._invitation_response,
            self._contact_request,
            self._contact_response,
        ]
        chosen = self._random.choices(makers, weights=[40, 15, 15, 5, 5, 10, 10], k=count)
        for number, maker in enumerate(chosen):
            moment = START + timedelta(seconds=number * SECONDS_BETWEEN)
            yield {"event_id": f"event-{number:08}", "occurred_at": moment.isoformat()} | maker()

    def texts(self, count: int) -> list[str]:
        """What they write, without all that is around it."""
        return [self._writers.text("")[1] for _ in range(count)]

    def _member(self) -> str:
        # few members do most of it
        return f"member-{int(self._members * self._random.random() ** 3)}"

    def _written(self) -> Event:
        author, text = self._writers.text(self._member())
        return {"actor_id": author, "text": text}

    def _message(self) -> Event:
        recipients = [self._member() for _ in range(self._random.choice([1, 1, 1, 1, 1, 1, 2, 3, 5, 20]))]
        known = {"known_recipient_ids": recipients[1:]} if self._random.random() < 0.3 else {}
        return {"type": "message", "recipient_ids": recipients} | self._written() | known

    def _forum_post(self) -> Event:
        return {
            "type": "forum_post",
            "forum_id": f"forum-{self._random.randrange(20)}",
            "thread_id": f"thread-{self._random.randrange(500)}",
            "opens_thread": self._random.random() < 0.1,
        } | self._written()

    def _comment(self) -> Event:
        return {"type": "comment", "owner_id": self._member()} | self._written()

    def _invitation(self) -> Event:
        inviter, target = self._member(), f"target-{self._random.randrange(300)}"
        guests = [self._member() for _ in range(self._random.randint(1, 10))]
        self._invited += [(guest, inviter, target) for guest in guests]
        return {
            "type": "invitation",
            "actor_id": inviter,
            "kind": self._random.choice(["project", "event"]),
            "target_id": target,
            "recipient_ids": guests,
        }

    def _invitation_response(self) -> Event:
        guest, inviter, target = self._random.choice(self._invited)
        return {
            "type": "invitation_response",
            "actor_id": guest,
            "inviter_id": inviter,
            "target_id": target,
            "accepted": self._random.random() < 0.5,
        }

    def _contact_request(self) -> Event:
        self._requested.append((self._member(), self._member()))
        other, requester = self._requested[-1]
        return {"type": "contact_request", "actor_id": requester, "recipient_id": other}

    def _contact_response(self) -> Event:
        other, requester = self._random.choice(self._requested)
        return {
            "type": "contact_response",
            "actor_id": other,
            "requester_id": requester,
            "accepted": self._random.random() < 0.5,
        }


def records(events: Iterable[Event]) -> list[RawRecord]:
    """The events as they come off a topic."""
    return [
        RawRecord(
            json.dumps(event, ensure_ascii=False).encode(),
            str(event["actor_id"]).encode(),
            Source(topic="t", partition=0, offset=offset),
        )
        for offset, event in enumerate(events)
    ]
