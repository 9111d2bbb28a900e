"""Looks at everything that a worker needs, and says what is wrong and what to do. Changes nothing, and writes nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition, codec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import create_conn
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.produce import ProduceRequest
from msgspec import Struct
from msgspec.structs import replace

from agents.kafka import KafkaUnavailable, bootstrap_servers, client_options, explain_trouble, reader_options
from agents.redis import describe_store_trouble, eviction_trouble, open_redis
from agents.settings import Settings
from agents.topics import OUTPUTS, TOPICS, Topic, missing_topics
from models.events import TOPICS as EVENT_TOPICS
from rules.policy import PolicyError, load_policy
from state.agreement import Agreement
from state.errors import StateUnavailable
from state.pseudonyms import Pseudonyms
from state.scripts import Shards, guarded
from state.server import info_of, memory_of
from state.store import COMMANDS, DEFAULT_NAMESPACE

Grade = Literal["fine", "note", "wrong"]

LEAST_REDIS = (7, 0)
_TIMEOUT_SECONDS = 30.0
_FULL, _NEARLY_FULL = 0.95, 0.8
_SKEW_SECONDS = 5.0
_NO_PARTITION = 2**31 - 1
"""A partition that no topic has: to write to it is refused for want of a permission, or else for want of the partition."""
_AUTHORIZATION = TopicAuthorizationFailedError.errno
_READ_MS = 1_500


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `fine`: as it should be; `note`: works, and somebody should know; `wrong`: mend it.

    `remedy` is what to do about it; empty where it is fine.
    """

    area: str
    grade: Grade
    told: str
    remedy: str = ""


def _fine(area: str, told: str) -> Finding:
    return Finding(area=area, grade="fine", told=told)


def _note(area: str, told: str, remedy: str) -> Finding:
    return Finding(area=area, grade="note", told=told, remedy=remedy)


def _wrong(area: str, told: str, remedy: str) -> Finding:
    return Finding(area=area, grade="wrong", told=told, remedy=remedy)


async def check_up(settings: Settings) -> AsyncIterator[Finding]:
    """Look at one thing after the other. What cannot be looked at is `wrong` with the reason; nothing is raised."""
    for finding in (*_look_at_key(settings), *_look_at_policy(settings), *_look_at_codecs()):
        yield finding
    for area, look in (("kafka", _look_at_kafka), ("redis", _look_at_redis)):
        for finding in await _in_time(area, settings, look):
            yield finding


async def _in_time(
    area: str, settings: Settings, look: Callable[[Settings, list[Finding]], Awaitable[None]]
) -> list[Finding]:
    found: list[Finding] = []
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await look(settings, found)
    except (KafkaUnavailable, StateUnavailable) as error:
        told = describe_store_trouble(error) if isinstance(error, StateUnavailable) else str(error)
        found.append(_wrong(area, told, "mend what the line names; nothing else of it could be looked at"))
    except (KafkaError, OSError, TimeoutError) as error:
        told = await explain_trouble(settings, error) if area == "kafka" else f"it did not answer: {error}"
        found.append(_wrong(area, told, "see that it runs, and whether it is overloaded"))
    return found


# --- settings and policy -----------------------------------------------------------------------


def _look_at_key(settings: Settings) -> Iterator[Finding]:
    if why := settings.why_weak_pseudonym_key:
        yield _wrong(
            "settings", f"TWINWATCH_PSEUDONYM_KEY {why}", "set it to what `openssl rand -hex 32` prints, and keep it"
        )
    else:
        yield _fine("settings", "all can be used; the pseudonym key is a secret")


def _look_at_policy(settings: Settings) -> Iterator[Finding]:
    try:
        policy = load_policy(settings.policy_file)
    except PolicyError as error:
        yield _wrong("policy", str(error), "mend the file; `twinwatch policy check` says whether it is")
        return
    modes = [rule.mode for rule in policy.rules.values()]
    told = ", ".join(f"{modes.count(mode)} {mode}" for mode in ("live", "shadow", "off"))
    if "live" in modes:
        yield _fine("policy", f"version {policy.version}, rules: {told}")
    else:
        yield _note("policy", f"version {policy.version} reports nothing: {told}", "set the mode of rules to live")


def _look_at_codecs() -> Iterator[Finding]:
    able = {"gzip": codec.has_gzip, "snappy": codec.has_snappy, "lz4": codec.has_lz4, "zstd": codec.has_zstd}
    if lacking := [name for name, is_there in able.items() if not is_there()]:
        yield _wrong("kafka", f"records compressed with {', '.join(lacking)} cannot be read", "install cramjam")
    else:
        yield _fine("kafka", f"records compressed with {', '.join(able)} can be read")


# --- Kafka -------------------------------------------------------------------------------------


async def _look_at_kafka(settings: Settings, found: list[Finding]) -> None:
    missing = await missing_topics(settings)
    found.append(_fine("kafka", f"answers at {settings.kafka_bootstrap_servers}, group {settings.consumer_group}"))
    if missing:
        found.append(
            _wrong(
                "kafka",
                f"topics are missing, or not shown to us: {', '.join(missing)}",
                "run `twinwatch topics create`; where it has been, see deploy/kafka/acls.sh",
            )
        )
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        described = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
        ours = {settings.topic_prefix + topic.name: topic for topic in TOPICS}
        there = {name: topic for name, topic in ours.items() if name in described}
        found += _partitions({name: described[name] for name in there})
        found += await _configurations(admin, there)
    finally:
        await admin.close()
    found += await _permissions(settings, {topic.name for topic in there.values()})
    activity = [settings.topic_prefix + name for name in EVENT_TOPICS if settings.topic_prefix + name in there]
    found += await _clock_of_kafka(settings, {name: len(described[name]) for name in activity})


def _partitions(topics: dict[str, list[dict[str, Any]]]) -> Iterator[Finding]:
    headless = [name for name, partitions in topics.items() if any(one["leader"] < 0 for one in partitions)]
    if headless:
        yield _wrong("kafka", f"partitions without a leader: {', '.join(headless)}", "mend the brokers that have them")
    if topics:
        counts = {name: len(partitions) for name, partitions in topics.items()}
        least, most = min(counts.values()), max(counts.values())
        span = f"{least} to {most}" if least < most else str(least)
        yield _fine("kafka", f"{len(counts)} topics with {span} partitions")
        copies = [len(one["replicas"]) for partitions in topics.values() for one in partitions]
        if min(copies) < 2:
            yield _note("kafka", "some partitions have no second copy", "keep three copies of what must not be lost")


async def _configurations(admin: AIOKafkaAdminClient, topics: dict[str, Topic]) -> list[Finding]:
    """What differs from how we create topics, where it loses something."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    try:
        answers = await admin.describe_configs(asked) if asked else []
    except IncompatibleBrokerVersion:  # the embedded broker
        return [_note("kafka", "how topics are set up cannot be asked there", "leave a broker for trying as it is")]
    found: list[Finding] = []
    for answer in answers:
        for code, _, _, name, entries, *_ in answer.resources:
            if code:
                told = "how topics are set up is not shown to us"
                found.append(_note("kafka", told, "to have it looked at, allow DescribeConfigs on the topics"))
                return found
            wanted = topics[name].configuration
            real = {entry[0]: entry[1] for entry in entries}
            if "compact" in real.get("cleanup.policy", ""):
                found.append(
                    _wrong("kafka", f"{name} is compacted: records are lost", "set its cleanup.policy to delete")
                )
            for key, loss in (
                ("retention.ms", "keeps records too short"),
                ("max.message.bytes", "takes too small records"),
            ):
                have, want = int(real.get(key, wanted[key])), int(wanted[key])
                if 0 <= have < want:
                    found.append(_note("kafka", f"{name} {loss}: {key} is {have:,}", f"we create it with {want:,}"))
    if asked and not found:
        found.append(_fine("kafka", "topics are set up as twinwatch creates them, or wider"))
    return found


async def _permissions(settings: Settings, topics: set[str]) -> list[Finding]:
    found: list[Finding] = []
    refused = await _unreadable([settings.topic_prefix + name for name in EVENT_TOPICS if name in topics], settings)
    if refused:
        found.append(_wrong("kafka", f"we may not read {', '.join(refused)}", "see deploy/kafka/acls.sh"))
    outputs = [settings.topic_prefix + name for name in OUTPUTS if name in topics]
    if refused := await _unwritable(outputs, settings):
        found.append(_wrong("kafka", f"we may not write {', '.join(refused)}", "see deploy/kafka/acls.sh"))
    if not found:
        found.append(_fine("kafka", "we may read what members do and write what is found"))
    return found


async def _unreadable(topics: list[str], settings: Settings) -> list[str]:
    """Topics that we may not read."""
    if not topics:
        return []
    consumer = AIOKafkaConsumer(**reader_options(settings), auto_offset_reset="latest", fetch_max_wait_ms=50)
    refused: list[str] = []
    try:
        await consumer.start()
        for topic in topics:
            consumer.assign([TopicPartition(topic, 0)])
            try:
                await consumer.seek_to_end()
                await consumer.getmany(timeout_ms=_READ_MS // len(topics))
            except TopicAuthorizationFailedError:
                refused.append(topic)
    finally:
        await consumer.stop()
    return refused


async def _unwritable(topics: list[str], settings: Settings) -> list[str]:
    """Topics that we may not write, found by writing to a partition that none of them has."""
    options = client_options(settings)
    del options["bootstrap_servers"]
    host, _, port = bootstrap_servers(settings)[0].rpartition(":")
    connection = await create_conn(host.strip("[]"), int(port), **options)
    try:
        nowhere = [(topic, [(_NO_PARTITION, b"")]) for topic in topics]
        answer = await connection.send(ProduceRequest(None, 1, 5_000, nowhere))
    finally:
        connection.close()
    refused = {topic for topic, partitions in answer.topics if any(one[1] == _AUTHORIZATION for one in partitions)}
    return [topic for topic in topics if topic in refused]  # Kafka answers in an order of its own


async def _clock_of_kafka(settings: Settings, topics: dict[str, int]) -> list[Finding]:
    """Whether our clock agrees with the times of the newest records, and of those that are written while we look.

    Kafka tells no time but that of its records: the brokers' where a topic has LogAppendTime, else the producers'.
    """
    partitions = [TopicPartition(name, number) for name, count in topics.items() for number in range(count)]
    if not partitions:
        return []
    consumer = AIOKafkaConsumer(**reader_options(settings), fetch_max_wait_ms=50)
    ahead = behind = 0.0
    seen = fresh = 0
    try:
        await consumer.start()
        consumer.assign(partitions)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        for partition, end in ends.items():
            consumer.seek(partition, max(0, end - 1))
        until = monotonic() + _READ_MS / 1_000
        lags: list[float] = []
        while (left := until - monotonic()) > 0:
            fetched = await consumer.getmany(timeout_ms=int(left * 1_000) + 1)
            now = time()
            for partition, records in fetched.items():
                seen += len(records)
                behind = max([behind, *(record.timestamp / 1_000 - now for record in records)])
                lags += [now - one.timestamp / 1_000 for one in records if one.offset >= ends[partition]]
        fresh, ahead = len(lags), min(lags, default=0.0)
    except TopicAuthorizationFailedError:
        return []  # which is told already
    finally:
        await consumer.stop()
    if not seen:
        return [_fine("clock", "Kafka holds no events whose times could be compared with ours")]
    told = (
        "that of the newest events in Kafka"
        if behind > _SKEW_SECONDS
        else "that of events as they are written to Kafka"
    )
    if max(ahead, behind) > _SKEW_SECONDS:
        return [_differs(ahead if ahead > _SKEW_SECONDS else -behind, told, settings)]
    if not fresh:
        return [_fine("clock", "no event in Kafka is ahead of ours; none was written meanwhile, so ours may be ahead")]
    return [_fine("clock", "ours and the times of events as they are written to Kafka agree")]


# --- Redis and the clock -----------------------------------------------------------------------


async def _look_at_redis(settings: Settings, found: list[Finding]) -> None:
    client = open_redis(settings)
    try:
        servers, kept = await info_of(client, "server"), await info_of(client, "persistence")
        found += _cluster(settings, list(servers.values()))
        for name, server in servers.items():
            told = [*_version(server), *_clock(server, settings), *_persistence(kept[name])]
            found += [replace(one, told=f"{name}: {one.told}") if name else one for one in told]
        memory = await memory_of(client)
        if memory.evicts and not settings.redis_allow_eviction:
            found.append(_wrong("redis", *eviction_trouble(memory)))
        found += _room(memory.used, memory.most)
        await Shards(client, DEFAULT_NAMESPACE, settings.redis_shards).check(COMMANDS)
        pseudonyms = Pseudonyms(settings.pseudonym_key.get_secret_value().encode())
        agreement = Agreement(pseudonyms, settings.redis_shards, DEFAULT_NAMESPACE)
        standing = await guarded(lambda: client.get(agreement.key))
        if standing is None:
            found.append(_fine("redis", "no worker has used it yet: the first one writes a fingerprint of its key"))
        else:
            agreement.check(standing)
            found.append(_fine("redis", "workers use it with our pseudonym key and number of shards"))
    finally:
        await client.aclose()


def _cluster(settings: Settings, servers: list[dict[str, Any]]) -> Iterator[Finding]:
    if not settings.redis_cluster:
        if servers[0].get("redis_mode") == "cluster":
            yield _wrong("redis", "it is a node of a Redis Cluster", "set TWINWATCH_REDIS_CLUSTER=true")
        return
    told = f"it is a Redis Cluster with {len(servers)} primaries, over which {settings.redis_shards} shards are spread"
    if settings.redis_shards < len(servers):
        yield _note(
            "redis", told, "set TWINWATCH_REDIS_SHARDS to some times their number, before the first worker starts"
        )
    else:
        yield _fine("redis", told)


def _version(server: dict[str, Any]) -> Iterator[Finding]:
    name = str(server.get("server_name", "redis"))
    version = str(server.get("valkey_version") or server.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if name == "redis" and numbers < LEAST_REDIS:
        yield _wrong("redis", f"it is Redis {version or 'of an unknown version'}", "take Redis 7.0 or newer, or Valkey")
    else:
        yield _fine("redis", f"it is {name.capitalize()} {version}")


def _clock(server: dict[str, Any], settings: Settings) -> Iterator[Finding]:
    """Whether we and the server of Redis have the same time."""
    told = server.get("server_time_usec")
    if told is None:
        return
    ahead = time() - int(told) / 1_000_000
    if abs(ahead) > _SKEW_SECONDS:
        yield _differs(ahead, "that of Redis", settings)
    else:
        yield _fine("clock", f"ours ({_now()}) and that of Redis agree")


def _differs(ahead: float, other: str, settings: Settings) -> Finding:
    """Our clock is so many seconds ahead of another one, behind it where they are negative."""
    side = "ahead of" if ahead > 0 else "behind"
    say = _wrong if abs(ahead) > settings.max_clock_skew_seconds / 2 else _note
    return say(
        "clock",
        f"ours ({_now()}) is {abs(ahead):.0f} s {side} {other}",
        "let both follow one time server, and the producers of events",
    )


def _now() -> str:
    return f"{datetime.fromtimestamp(time(), UTC):%Y-%m-%d %H:%M:%SZ}"


def _persistence(told: dict[str, Any]) -> Iterator[Finding]:
    remedy = "look at its disk and its log: after a crash it would lack what workers rely on"
    if told.get("aof_enabled") and told.get("aof_last_write_status", "ok") != "ok":
        yield _wrong("redis", "it cannot write its append-only file", remedy)
    elif told.get("rdb_last_bgsave_status", "ok") != "ok":
        yield _wrong("redis", "its last snapshot failed", remedy)
    elif not told.get("aof_enabled"):
        yield _note("redis", "it keeps no append-only file: a crash forgets what came last", "set appendonly yes there")
    else:
        yield _fine("redis", "it keeps what it has on disk (append-only file)")


def _room(used: int, most: int) -> Iterator[Finding]:
    if not most:
        yield _note("redis", "how much memory it may use is not told", "set maxmemory there")
        return
    share = used / most
    told = f"{share:.0%} of its {most / 2**20:,.0f} MB are in use"
    if share > _NEARLY_FULL:
        say = _wrong if share > _FULL else _note
        yield say("redis", told, "give it more memory: once it is full all batches wait")
    else:
        yield _fine("redis", told)
