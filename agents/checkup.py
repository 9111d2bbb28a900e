"""Looks at everything that a worker needs, and says what is wrong and what to do. Changes nothing, and writes nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition, codec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import collect_hosts
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest
from msgspec import Struct
from msgspec.structs import replace

from agents.kafka import (
    KafkaUnavailable,
    bootstrap_servers,
    cause,
    client_options,
    connected,
    explain_trouble,
    reader_options,
)
from agents.redis import describe_store_trouble, eviction_trouble, open_redis
from agents.settings import Settings
from agents.topics import OUTPUTS, TOPICS, Topic
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
_ANSWER_SECONDS = 5.0
"""How long one broker may take to answer."""
_MOST_NAMED = 5
"""So many partitions are named; of more the number is told."""


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
    settings, within_reach = await _ask_brokers(settings, found)
    if not within_reach:
        return
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        described = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
        ours = {settings.topic_prefix + topic.name: topic for topic in TOPICS}
        if missing := [name for name in ours if name not in described]:
            found.append(
                _wrong(
                    "kafka",
                    f"topics are missing, or not shown to us: {', '.join(missing)}",
                    "run `twinwatch topics create`; where it has been, see deploy/kafka/acls.sh",
                )
            )
        there = {name: topic for name, topic in ours.items() if name in described}
        told, in_sync = await _configurations(admin, there)
        found += [*_partitions({name: described[name] for name in there}, in_sync), *told]
    finally:
        await admin.close()
    led = {name: [one["partition"] for one in described[name] if one["leader"] >= 0] for name in there}
    activity = {settings.topic_prefix + name: led.get(settings.topic_prefix + name, []) for name in EVENT_TOPICS}
    activity = {name: numbers for name, numbers in activity.items() if numbers}
    found += await _permissions(settings, activity, {topic.name for topic in there.values()})
    found += await _clock_of_kafka(settings, activity)


async def _ask_brokers(settings: Settings, found: list[Finding]) -> tuple[Settings, bool]:
    """Ask each broker that the settings name, and each that these announce. The settings with only those that answer, and
    whether one of those that are announced does, without which there is no Kafka.

    Where none of the settings answers, the settings as they are: who asks next is told why.
    """
    named = [(host, port) for host, port, _ in collect_hosts(bootstrap_servers(settings), randomize=False)]
    answers = dict(zip(named, await asyncio.gather(*(_ask(settings, *one) for one in named)), strict=True))
    reached = {one: answer for one, answer in answers.items() if not isinstance(answer, Exception)}
    if not reached:
        return settings, True
    for one, answer in answers.items():
        if isinstance(answer, Exception):
            say, remedy = _wrong, "set it up as the others are"
            if _is_silent(settings, answer):  # workers ask the next one
                say, remedy = _note, "bring it back, or take it out of TWINWATCH_KAFKA_BOOTSTRAP_SERVERS"
            found.append(say("kafka", f"broker {_address(one)} {_trouble(settings, answer)}; others answer", remedy))
    if len({answer.cluster_id for answer in reached.values()}) > 1:
        remedy = "name brokers of one cluster in TWINWATCH_KAFKA_BOOTSTRAP_SERVERS"
        found.append(_wrong("kafka", "the brokers that the settings name belong to different clusters", remedy))
    announced = {(broker[1], broker[2]) for answer in reached.values() for broker in answer.brokers}
    others = sorted(announced - answers.keys())
    for one, answer in zip(others, await asyncio.gather(*(_ask(settings, *one) for one in others)), strict=True):
        if isinstance(answer, Exception):
            told = f"broker {_address(one)}, to which the others send us, {_trouble(settings, answer)}"
            remedy = "see that it runs, and that its advertised.listeners has an address that is reached from here"
            found.append(_wrong("kafka", told, remedy))
        else:
            reached[one] = answer
    servers = ",".join(_address(one) for one in reached if one in answers)
    found.append(_fine("kafka", f"answers at {', '.join(map(_address, reached))}"))
    return settings.model_copy(update={"kafka_bootstrap_servers": servers}), bool(announced & reached.keys())


async def _ask(settings: Settings, host: str, port: int) -> Any:
    """What the broker tells of its cluster, or why it does not."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS), connected(settings, host, port) as connection:
            return await connection.send(MetadataRequest([]))
    except (KafkaError, OSError, TimeoutError, ValueError) as error:
        return error


def _is_silent(settings: Settings, error: Exception) -> bool:
    """Whether nobody answers there, rather than somebody who speaks another way or does not let us in."""
    return cause(settings, error).startswith("no broker answers")


def _trouble(settings: Settings, error: Exception) -> str:
    return "does not answer" if _is_silent(settings, error) else f"cannot be used: {cause(settings, error)}"


def _address(broker: tuple[str, int]) -> str:
    host, port = broker
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _partitions(topics: dict[str, list[dict[str, Any]]], in_sync: dict[str, int]) -> Iterator[Finding]:
    """Each partition has a leader and all its copies. `in_sync`: how many copies a topic asks for, where that is known."""
    every = [(name, one) for name, partitions in topics.items() for one in partitions]
    if not every:
        return
    headless = [(name, one) for name, one in every if one["leader"] < 0]
    led = [(name, one) for name, one in every if one["leader"] >= 0]
    refused = [(name, one) for name, one in led if len(one["isr"]) < min(in_sync.get(name, 1), len(one["replicas"]))]
    behind = [(name, one) for name, one in led if len(one["isr"]) < len(one["replicas"]) and (name, one) not in refused]
    if headless:
        told = f"partitions without a leader, which nobody can read or write: {_named(headless)}"
        holders = _ids(node for _, one in headless for node in one["replicas"])
        yield _wrong("kafka", told, f"bring back the brokers that have them: {holders}")
    if refused:
        told = (
            f"partitions with fewer copies in sync than min.insync.replicas, which nobody can write: {_named(refused)}"
        )
        yield _wrong("kafka", told, f"bring back the brokers that have the others: {_holders(refused)}")
    if behind:
        told = f"partitions of which copies are gone or behind: {_named(behind)}"
        yield _note("kafka", told, f"see to the brokers that have them: {_holders(behind)}")
    counts = {name: len(partitions) for name, partitions in topics.items()}
    least, most = min(counts.values()), max(counts.values())
    span = f"{least} to {most}" if least < most else str(least)
    yield _fine("kafka", f"{len(counts)} topics with {span} partitions")
    if min(len(one["replicas"]) for _, one in every) < 2:
        yield _note("kafka", "some partitions have no second copy", "keep three copies of what must not be lost")


def _named(partitions: list[tuple[str, dict[str, Any]]]) -> str:
    names = [f"{name}/{one['partition']}" for name, one in partitions]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _holders(partitions: list[tuple[str, dict[str, Any]]]) -> str:
    """The ids of the brokers whose copies are not in sync."""
    return _ids(node for _, one in partitions for node in one["replicas"] if node not in one["isr"])


def _ids(nodes: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(set(nodes))))


async def _configurations(admin: AIOKafkaAdminClient, topics: dict[str, Topic]) -> tuple[list[Finding], dict[str, int]]:
    """What differs from how we create topics, where it loses something; and how many copies in sync each topic asks for."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    try:
        answers = await admin.describe_configs(asked) if asked else []
    except IncompatibleBrokerVersion:  # the embedded broker
        return [_note("kafka", "how topics are set up cannot be asked there", "leave a broker for trying as it is")], {}
    found: list[Finding] = []
    in_sync: dict[str, int] = {}
    for answer in answers:
        for code, _, _, name, entries, *_ in answer.resources:
            if code:
                told = "how topics are set up is not shown to us"
                found.append(_note("kafka", told, "to have it looked at, allow DescribeConfigs on the topics"))
                return found, in_sync
            wanted = topics[name].configuration
            real = {entry[0]: entry[1] for entry in entries}
            in_sync[name] = int(real.get("min.insync.replicas", 1))
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
    return found, in_sync


async def _permissions(settings: Settings, activity: dict[str, list[int]], topics: set[str]) -> list[Finding]:
    """What we may do, as a worker does it. `activity`: the partitions with a leader of what we read."""
    refused, silent = await _unreadable(activity, settings)
    found: list[Finding] = []
    if silent:
        told = f"it does not tell where these end: {', '.join(silent)}"
        found.append(_wrong("kafka", told, "see to the brokers that lead their partitions"))
    if refused:
        found.append(_wrong("kafka", f"we may not read {', '.join(refused)}", "see deploy/kafka/acls.sh"))
    outputs = [settings.topic_prefix + name for name in OUTPUTS if name in topics]
    refused, may_join = await _unwritable(outputs, settings)
    if refused:
        found.append(_wrong("kafka", f"we may not write {', '.join(refused)}", "see deploy/kafka/acls.sh"))
    if not may_join:
        told = f"we may not read as consumer group {settings.consumer_group}"
        remedy = "see TWINWATCH_CONSUMER_GROUP, for us and in deploy/kafka/acls.sh"
        found.append(_wrong("kafka", told, remedy))
    if not found:
        told = f"we may read what members do, as group {settings.consumer_group}, and write what is found"
        found.append(_fine("kafka", told))
    return found


async def _unreadable(topics: dict[str, list[int]], settings: Settings) -> tuple[list[str], list[str]]:
    """Topics that we may not read, and those of which a partition does not answer."""
    if not topics:
        return [], []
    consumer = AIOKafkaConsumer(**reader_options(settings), auto_offset_reset="latest", fetch_max_wait_ms=50)
    refused: list[str] = []
    silent: list[str] = []
    try:
        await consumer.start()
        for topic, numbers in topics.items():
            consumer.assign([TopicPartition(topic, number) for number in numbers])
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await consumer.seek_to_end()
                await consumer.getmany(timeout_ms=_READ_MS // len(topics))
            except TopicAuthorizationFailedError:
                refused.append(topic)
            except TimeoutError:
                silent.append(topic)
    finally:
        await consumer.stop()
    return refused, silent


async def _unwritable(topics: list[str], settings: Settings) -> tuple[list[str], bool]:
    """Topics that we may not write, found by writing to a partition that none of them has; and whether we may read as the
    consumer group, found by a heartbeat of a member that it does not have.
    """
    host, port, _ = collect_hosts(bootstrap_servers(settings), randomize=False)[0]
    async with connected(settings, host, port) as connection:
        nowhere = [(topic, [(_NO_PARTITION, b"")]) for topic in topics]
        answer = await connection.send(ProduceRequest(None, 1, 5_000, nowhere))
        beat = await connection.send(HeartbeatRequest(settings.consumer_group, -1, "nobody"))
    refused = {topic for topic, partitions in answer.topics if any(one[1] == _AUTHORIZATION for one in partitions)}
    # Kafka answers in an order of its own
    return [topic for topic in topics if topic in refused], beat.error_code != GroupAuthorizationFailedError.errno


async def _clock_of_kafka(settings: Settings, topics: dict[str, list[int]]) -> list[Finding]:
    """Whether our clock agrees with the times of the newest records, and of those that are written while we look.

    Kafka tells no time but that of its records: the brokers' where a topic has LogAppendTime, else the producers'.
    """
    partitions = [TopicPartition(name, number) for name, numbers in topics.items() for number in numbers]
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
