"""What members do in these tests, all of it made here."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.stage import Sent, event

START = datetime(2026, 1, 12, 8, 0, tzinfo=UTC)
_SYLLABLES = ["ba", "ke", "li", "mo", "nu", "pra", "sto", "tri", "vel", "zan", "qui", "jer", "fos", "dwa", "chi"]


def moment(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def copied_messages(actor: str, recipients: int, *, first: int = 0) -> list[Sent]:
    """One member sends the same text to so many strangers, a minute each."""
    return [
        event(
            "activity.messages",
            type="message",
            event_id=f"{actor}-{number}",
            occurred_at=moment(60 * number),
            actor_id=actor,
            recipient_ids=[f"stranger-of-{actor}-{number}"],
            text=f"Dear colleague, {actor} invites your school to a wonderful project about bees and honey!",
        )
        for number in range(first, first + recipients)
    ]


def own_affairs(actors: int, rounds: int, *, seed: int = 1) -> list[Sent]:
    """Members who each break rules on their own: strangers written to, posts copied over threads, comments copied.

    Nothing that one does bears on what is found about another, so that the order between partitions does not matter.
    """
    chance = random.Random(seed)
    return list(_own_affairs(chance, actors, rounds))


def _own_affairs(chance: random.Random, actors: int, rounds: int) -> Iterator[Sent]:
    posts, comments = ([" ".join(_word(chance) for _ in range(30)) for _ in range(actors)] for _ in range(2))
    for number in range(rounds):
        for actor in range(actors):
            name, second = f"member-{actor}", 120.0 * number + actor
            kind = chance.choice(["message", "message", "message", "forum_post", "comment"])
            common: dict[str, Any] = {
                "type": kind,
                "event_id": f"{name}/{number}",
                "occurred_at": moment(second),
                "actor_id": name,
            }
            if kind == "message":
                strangers = [f"s{actor}-{chance.randrange(300)}" for _ in range(chance.randint(1, 2))]
                yield event("activity.messages", **common, recipient_ids=strangers, text="")
            elif kind == "forum_post":
                thread = f"t{chance.randrange(40)}"
                yield event("activity.forum-posts", **common, forum_id="f", thread_id=thread, text=posts[actor])
            else:
                owner = f"o{actor}-{chance.randrange(40)}"
                yield event("activity.comments", **common, owner_id=owner, text=comments[actor])


def _word(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(3))
