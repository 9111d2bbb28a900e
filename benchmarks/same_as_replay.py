"""Whether a file of events, replayed, and the same events through Kafka, Faust and Redis come to the same incidents.

    python benchmarks/same_as_replay.py EVENTS.jsonl [--kafka HOST:PORT] [--redis URL] [--partitions N]

By default all events go through one partition, because replay and worker can only agree where both judge in the same order,
and Kafka keeps an order within a partition only. With --partitions N each type of event goes to its own topic with N
partitions, keyed by the actor, as the platform writes them: rules that judge an actor's own events of one topic must agree
then, and those that join several actors or topics may differ by the order in which events met. A worker judges the whole
file as a backlog, so that its rate is its capacity. Servers that are not named are started: a genuine Apache Kafka (`make
kafka` fetches it) and a Redis-compatible server. The exit status is 0 where the two agree.
"""

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex

sys.path.insert(0, str(Path(__file__).parents[1]))

from confluent_kafka.admin import AdminClient
from redis import Redis

from agents.topics import TOPICS
from models.events import TOPICS as EVENT_TOPICS
from tests.integration.stage import Found, Sent, Stage, command, upserted
from tests.servers import KafkaServer, RedisServer, ServerMissing, require_redis

ONE_TOPIC = "activity.messages"
VERDICTS_TOPIC = "incidents.verdicts"
TOPIC_OF = {cls.__struct_config__.tag: topic for topic, classes in EVENT_TOPICS.items() for cls in classes}
_HOURS_SECONDS = 3 * 3600.0
_SHOWN = 20


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", type=Path, metavar="EVENTS.jsonl", help="may be gzipped")
    parser.add_argument("--kafka", metavar="HOST:PORT", help="a Kafka to use; topics of their own are made and deleted")
    parser.add_argument("--redis", metavar="URL", help="a Redis to use, which is EMPTIED")
    parser.add_argument("--partitions", type=int, metavar="N", help="go by topics with so many partitions each")
    options = parser.parse_args()
    with ExitStack() as stack:
        try:
            kafka = options.kafka or stack.enter_context(KafkaServer()).start().bootstrap_servers
            redis = options.redis or stack.enter_context(RedisServer(require_redis())).start().url
        except ServerMissing as why:
            parser.error(str(why))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinwatch-same-")))
        replayed, dead_in_replay = _replay(options.events, directory)
        through_kafka, dead_in_kafka = _judge(options.events, kafka, redis, directory, options.partitions)
    return _compare(replayed, through_kafka, dead_in_replay, dead_in_kafka)


def _replay(events: Path, directory: Path) -> tuple[Found, Counter[str]]:
    outputs = {name: directory / f"{name}.jsonl" for name in ("incidents", "shadow", "dead-letters")}
    arguments = [argument for name, path in outputs.items() for argument in (f"--{name}", str(path))]
    done = command("replay", str(events), *arguments, seconds=_HOURS_SECONDS)
    if done.returncode:
        sys.exit(done.stderr)
    print(f"replay: {done.stderr.splitlines()[0]}")
    found = upserted(json.loads(line) for name in ("incidents", "shadow") for line in outputs[name].open("rb"))
    return found, Counter(json.loads(line)["reason"] for line in outputs["dead-letters"].open("rb"))


def _judge(events: Path, kafka: str, redis: str, directory: Path, partitions: int | None) -> tuple[Found, Counter[str]]:
    with Redis.from_url(redis) as client:
        client.flushdb()
    stage = Stage(kafka, redis, directory, prefix=f"same-{token_hex(4)}.")
    try:
        stage.create_topics(partitions or 1)
        sent = stage.send(_records(events, by_topic=partitions is not None))
        worker = stage.start_worker()
        start = time.monotonic()
        stage.wait_until_judged()
        seconds = time.monotonic() - start
        print(f"Kafka:  {sent:,} records in {seconds:.1f} s from when the worker was ready ({sent / seconds:,.0f}/s)")
        if worker.stop():
            sys.exit(worker.said)
        letters = {
            (h["source_topic"], h["source_partition"], h["source_offset"]): h["reason"].decode()
            for h, _ in stage.dead_letters()
        }
        return stage.found(), Counter(letters.values())
    finally:
        stage.close()
        admin = AdminClient({"bootstrap.servers": kafka})
        for deletion in admin.delete_topics([stage.prefix + topic.name for topic in TOPICS]).values():
            deletion.result()


def _records(events: Path, *, by_topic: bool) -> Iterator[Sent]:
    with gzip.open(events) if events.suffix == ".gz" else events.open("rb") as lines:
        for line in lines:
            value = line.rstrip(b"\r\n")
            if not value.strip():
                continue
            try:
                event = json.loads(value)
                topic, key = TOPIC_OF[event["type"]], event["actor_id"].encode()
            except (ValueError, KeyError, TypeError, AttributeError):
                topic, key = ONE_TOPIC, b""
            # a verdict counts on its own topic alone
            if by_topic or topic == VERDICTS_TOPIC:
                yield Sent(topic, value, key or None)
            else:
                yield Sent(ONE_TOPIC, value)


def _compare(replayed: Found, through_kafka: Found, dead_in_replay: Counter[str], dead_in_kafka: Counter[str]) -> int:
    ours = {(*what, incident) for incident, what in replayed.items()}
    theirs = {(*what, incident) for incident, what in through_kafka.items()}
    print(
        f"incidents (rule, subject, last revision, id): {len(ours & theirs):,} the same, "
        f"{len(ours - theirs):,} only in the replay, {len(theirs - ours):,} only through Kafka"
    )
    print(f"dead letters: {dict(dead_in_replay)} in the replay, {dict(dead_in_kafka)} through Kafka")
    for told, different in (("only in the replay", ours - theirs), ("only through Kafka", theirs - ours)):
        by_rule = Counter(rule for rule, *_ in different)
        if different:
            print(f"{told}: {dict(by_rule)}")
        for one in sorted(different)[:_SHOWN]:
            print("   ", *one)
    same = ours == theirs and dead_in_replay == dead_in_kafka
    print("the same" if same else "NOT the same")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
