"""What is disturbed, in which order and for how long: drawn from a seed."""

import random
from enum import StrEnum
from typing import NamedTuple


class Disturbance(StrEnum):
    """Each is over before the next one begins."""

    KILL = "a worker is killed"
    TERM = "a worker is asked to end"
    JOIN = "a worker joins and leaves"
    REDIS_STOP = "Redis is stopped"
    REDIS_KILL = "Redis is killed"
    REDIS_SLOW = "Redis answers slowly"
    REDIS_OOM = "Redis answers OOM"
    REDIS_LOADING = "Redis answers LOADING"
    REDIS_READONLY = "Redis answers READONLY"
    REDIS_CUT = "Redis runs scripts and the connection breaks before the answer"
    KAFKA_STOP = "Kafka is stopped"
    KAFKA_KILL = "Kafka is killed"
    REFUSE = "Kafka refuses incidents and dead letters"
    REVOKE = "partitions are revoked in the middle of slow batches"


PER_100_000_EVENTS = {
    Disturbance.KILL: 20,
    Disturbance.TERM: 10,
    Disturbance.JOIN: 4,
    Disturbance.REDIS_STOP: 1,
    Disturbance.REDIS_KILL: 1,
    Disturbance.REDIS_SLOW: 2,
    Disturbance.REDIS_OOM: 2,
    Disturbance.REDIS_LOADING: 2,
    Disturbance.REDIS_READONLY: 2,
    Disturbance.REDIS_CUT: 3,
    Disturbance.KAFKA_STOP: 1,
    Disturbance.KAFKA_KILL: 1,
    Disturbance.REFUSE: 2,
    Disturbance.REVOKE: 3,
}


class Intensity(NamedTuple):
    """How long things last, in seconds."""

    redis_away: float
    kafka_away: float
    trouble: float
    """Redis in trouble, while it answers."""
    slow: float
    """Longest delay of a script call."""
    redis_timeout: float
    """After which a worker no longer waits for an answer."""
    refusing: float
    """Kafka's client tries for 10 s by itself."""
    joined: float
    batch_records: int
    """Most records of a batch."""


FULL = Intensity(20.0, 10.0, 6.0, 3.0, 2.0, 13.0, 6.0, 200)
SHORT = Intensity(2.0, 0.5, 1.5, 1.5, 1.0, 2.0, 1.0, 50)


def schedule(seed: int, events: int, most: int | None = None) -> list[Disturbance]:
    """Every kind at least once, and in proportion to the events; at most so many, if given."""
    chance = random.Random(f"schedule {seed}")
    deck = [
        disturbance
        for disturbance, number in PER_100_000_EVENTS.items()
        for _ in range(max(1, round(number * events / 100_000)))
    ]
    chance.shuffle(deck)
    return deck[:most]
