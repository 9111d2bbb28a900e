"""A small world of members in which much happens, and an engine over it whose limits are a tenth of the policy's."""

import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

import msgspec
import yaml

from engine.engine import Engine
from engine.outcome import Outcome
from models.events import VERDICTS
from models.incidents import Incident
from models.records import RawRecord, Source
from rules.policy import Policy, parse_policy
from state.store import Store
from tests.state.conftest import Bench

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
"""The wall clock: long after all that happens."""

COPIED = (
    "Dear colleague, our school on the coast is looking for partners in a project about the birds of our harbours",
    "Join the great autumn lottery of knowledge, everybody who answers until Friday receives a certificate for the class",
    "We have opened a new website with worksheets for mathematics and invite each of you to have a look at it today",
    "Please sign our petition for longer summer holidays in all European countries and send it on to your friends",
    "Who wants to exchange letters with pupils between ten and twelve about bread, soup and what families eat on Sundays",
)
_WORDS = [
    "".join(letters) for letters in product("bdfgklmnprstvz", "aeiou", "bdfgklmnprstvz", "aeiou", ("n", "st", "mer"))
]
"""So many that no two texts of twenty of them are alike by chance: the worlds of two names would meet in such a campaign."""

Event = dict[str, Any]


@cache
def strict_policy() -> Policy:
    """The shipped policy with every quota at a tenth, so that a few dozen events break most rules."""
    loaded = yaml.safe_load(files("rules").joinpath("policy.yaml").read_text("utf-8"))
    return parse_policy(yaml.safe_dump(_tenth(loaded)))


def _tenth(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: max(2, math.ceil(item / 10)) if key in ("reach", "answers") else _tenth(item)
            for key, item in value.items()
        }
    return [_tenth(item) for item in value] if isinstance(value, list) else value


class World:
    """Makes events, in order of time, a minute to some hours apart. Two worlds of other `names` have nothing in common."""

    def __init__(
        self,
        seed: int,
        names: str = "",
        copied: Sequence[str] = COPIED,
        *,
        platform_knows: bool = False,
        altered: bool = True,
    ) -> None:
        self._random = random.Random(seed)
        self._altered = altered
        self._names = names
        self._copied = copied
        self._platform_knows = platform_knows
        self._now = START
        self._number = 0
        self._requested: list[tuple[str, str]] = []
        self._invited: list[tuple[str, str, str]] = []
        self._makers: list[Callable[[], Event]] = [
            self.message,
            self.message,
            self.invitation,
            self.invitation_response,
            self.contact_request,
            self.contact_response,
            self.forum_post,
            self.comment,
        ]

    def events(self, count: int) -> list[Event]:
        return [self._random.choice(self._makers)() for _ in range(count)]

    def event(self, type_: str, actor: str, /, **fields: Any) -> Event:
        self._number += 1
        self._now += timedelta(seconds=self._random.choice([0, 1, 60, 60, 600, 1_800]))
        base = {
            "type": type_,
            "event_id": f"{self._names}event-{self._number:05}",
            "occurred_at": self._now.isoformat(),
            "actor_id": actor,
        }
        return base | fields

    def active(self) -> str:
        return f"{self._names}active-{self._random.randrange(4)}"

    def passive(self) -> str:
        return f"{self._names}passive-{self._random.randrange(30)}"

    def text(self) -> str:
        if self._random.random() < 0.6:
            text = self._random.choice(self._copied)
            if not self._altered or self._random.random() < 0.7:
                return text
            # so altered that signatures alone do not tell
            return " ".join(word for word in text.split() if self._random.random() < 0.7)
        return " ".join(self._random.choices(_WORDS, k=20))

    def _known(self) -> Event:
        return {"known_recipient_ids": [self.passive()]} if self._platform_knows else {}

    def message(self) -> Event:
        if not self._platform_knows and self._random.random() < 0.1:
            return self.event("message", self.passive(), recipient_ids=[self.active()], text=self.text())
        recipients = [self.passive() for _ in range(self._random.choice([1, 1, 1, 5]))]
        return self.event("message", self.active(), recipient_ids=recipients, text=self.text(), **self._known())

    def invitation(self) -> Event:
        number, inviter = self._random.randrange(4), self.active()
        target = f"{self._names}target-{number}"
        guests = [self.passive() for _ in range(self._random.choice([1, 3, 6]))]
        self._invited += [(guest, inviter, target) for guest in guests]
        return self.event(
            "invitation",
            inviter,
            kind="project" if number % 2 else "event",
            target_id=target,
            recipient_ids=guests,
            **self._known(),
        )

    def _of_those(self, asked: list[Any]) -> Any:
        """Somebody of those who were asked; nobody where there is none, and now and then, when somebody else answers."""
        return self._random.choice(asked) if asked and self._random.random() < 0.8 else None

    def invitation_response(self) -> Event:
        target = f"{self._names}target-{self._random.randrange(4)}"
        guest, inviter, target = self._of_those(self._invited) or (self.passive(), self.active(), target)
        accepted = self._random.random() < 0.2
        return self.event("invitation_response", guest, inviter_id=inviter, target_id=target, accepted=accepted)

    def contact_request(self) -> Event:
        requester, other = self.active(), self.passive()
        self._requested.append((other, requester))
        return self.event("contact_request", requester, recipient_id=other)

    def contact_response(self) -> Event:
        other, requester = self._of_those(self._requested) or (self.passive(), self.active())
        accepted = self._random.random() < 0.3
        return self.event("contact_response", other, requester_id=requester, accepted=accepted)

    def forum_post(self) -> Event:
        return self.event(
            "forum_post",
            self.active(),
            forum_id=f"{self._names}forum",
            thread_id=f"{self._names}thread-{self._random.randrange(6)}",
            text=self.text(),
            opens_thread=self._random.random() < 0.3,
        )

    def comment(self) -> Event:
        return self.event("comment", self.active(), owner_id=self.passive(), text=self.text())


class QuotingWorld(World):
    """One in which members show, in many ways, what others have written, or say that others have written it."""

    def text(self) -> str:
        text = super().text()
        first, rest = text[: len(text) // 2], text[len(text) // 2 :]
        lead = " ".join(self._random.choices(_WORDS, k=self._random.choice([3, 20])))
        return self._random.choice(
            [
                text,
                text,
                f"{lead}\n> {first}\n> {rest}",
                f"{lead}\nOn Monday Anna wrote:\n{text}",
                f"{lead} «{text}»",
                f"Is this true?\n\n{text}",
                f"Beware, this is a scam: {text}",
                f"---------- Forwarded message ----------\nFrom: anna\n\n{text}",
                f"I got this:\n{text}\n--\n{lead}",
            ]
        )


def record(event: Event, offset: int = 0) -> RawRecord:
    source = Source(topic=VERDICTS if event["type"] == "verdict" else "activity", partition=0, offset=offset)
    return RawRecord(json.dumps(event).encode(), event["actor_id"].encode(), source)


def records(events: Iterable[Event]) -> list[RawRecord]:
    return [record(event, offset) for offset, event in enumerate(events)]


def engine_over(store: Store, policy: Policy | None = None) -> Engine:
    return Engine(policy or strict_policy(), store, clock=lambda: NOW)


def process(bench: Bench, engine: Engine, batch: Sequence[RawRecord], size: int | None = None) -> Outcome:
    """All records, so many at a time."""
    outcomes = [
        bench.run(engine.process(batch[i : i + (size or len(batch))])) for i in range(0, len(batch), size or len(batch))
    ]
    return Outcome(
        incidents=[incident for outcome in outcomes for incident in outcome.incidents],
        dead_letters=[letter for outcome in outcomes for letter in outcome.dead_letters],
        event_counts={},
    )


def said(incidents: Iterable[Incident]) -> list[dict[str, Any]]:
    """All that incidents say, as what a consumer reads."""
    return [msgspec.to_builtins(incident) for incident in incidents]


def last_revisions(incidents: Iterable[Incident]) -> dict[str, int]:
    """What a consumer holds who upserts."""
    last: dict[str, int] = {}
    for incident in incidents:
        last[incident.incident_id] = max(incident.revision, last.get(incident.incident_id, 0))
    return last


def pairs(incidents: Iterable[Incident]) -> set[tuple[str, str]]:
    return {(incident.rule, incident.subject_id) for incident in incidents}
