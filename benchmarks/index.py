"""The index of near-duplicates against datasketch's `MinHashLSH` on Redis: the same texts, the same server, the same run.

    python -m benchmarks.index [--texts 4000] [--others 300] [--json FILE]

Each text is looked up and remembered. Both get signatures that are computed already. The texts are those of the workload.
datasketch's is slow: it gets the first few of them only.

Then what a text unlike all others adds to Redis in ours: the bytes of all keys (`MEMORY USAGE`, without buffers of connections
and what the allocator keeps) after posts of as many members in as many threads, each with a text of its own, less those after
the same posts without text; and by kind of key.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import redis
from datasketch import MinHash, MinHashLSH
from redis.asyncio import Redis

from benchmarks.engine_throughput import memory
from benchmarks.telling import options, tell
from benchmarks.workload import Network, records
from engine.engine import Engine
from models.events import WrittenFields
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Text
from state.store import Store
from text.reading import read_writings
from twinwatch.embedded import embedded_redis

START = 1_772_409_600 * MICROSECONDS
BATCH = 500
KEY = Pseudonyms(b"a key")
PERMUTATIONS = 128


def texts_of(written: Sequence[str], first: int = 0) -> list[Text]:
    """As the engine gives them to the store; their events are numbered from `first` on."""
    writings = read_writings([(WrittenFields(text=text), None) for text in written], salt=KEY.salt)
    found = []
    for number, writing in enumerate(writings, first):
        reading = writing.text
        if reading and reading.digest and reading.signature:
            when = START + number * MICROSECONDS
            author = f"member-{number % 3_000}"
            found.append(Text(when, f"event-{number}", author, reading.digest, reading.signature, reading.words))
    return found


async def ours(client: "Redis", texts: Sequence[Text]) -> float:
    """Texts a second."""
    policy = load_policy()
    store = Store(client, KEY, limits=policy.store_limits())
    began = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        recalled = await store.recall([], texts[start : start + BATCH], [])
        if recalled.decisions:
            await store.settle([], recalled.decisions)
    return len(texts) / (time.perf_counter() - began)


def theirs(client: "redis.Redis", socket: str, written: Sequence[str]) -> float:
    """Texts a second, with MinHashLSH as its documentation shows it."""
    config = {"type": "redis", "basename": b"bench", "redis": {"unix_socket_path": socket}}
    lsh = MinHashLSH(threshold=0.5, num_perm=PERMUTATIONS, storage_config=config)
    hashes = []
    for text in written:
        one = MinHash(num_perm=PERMUTATIONS)
        one.update_batch([text[at : at + 3].encode() for at in range(len(text) - 2)])
        hashes.append(one)
    began = time.perf_counter()
    for number, one in enumerate(hashes):
        lsh.query(one)
        lsh.insert(str(number), one)
    return len(hashes) / (time.perf_counter() - began)


async def bytes_of_a_text(client: "Redis", written: Sequence[str]) -> dict[str, float]:
    """What posts with texts of their own add to Redis, less what posts without text do, by kind of key."""
    policy = load_policy()
    used = []
    for has_text in (False, True):
        await client.flushall()
        engine = Engine(policy, Store(client, KEY, limits=policy.store_limits()))
        events = [
            {
                "type": "forum_post",
                "event_id": f"event-{number}",
                "occurred_at": f"2026-03-02T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
                "actor_id": f"member-{number}",
                "forum_id": "forum",
                "thread_id": f"thread-{number}",
                "text": text if has_text else "",
            }
            for number, text in enumerate(written)
        ]
        posts = records(json.loads(json.dumps(events)))
        for start in range(0, len(posts), BATCH):
            await engine.process(posts[start : start + BATCH])
        used.append({kind: size for kind, (_, size) in (await memory(client)).items()})
    without, with_texts = used
    return {kind: (size - without.get(kind, 0)) / len(written) for kind, size in with_texts.items()}


def main() -> None:
    """Read the options."""
    parser = options(__doc__)
    parser.add_argument("--texts", type=int, default=4_000)
    parser.add_argument("--others", type=int, default=300, help="texts for datasketch's")
    chosen = parser.parse_args()
    written = Network(1).texts(chosen.texts)
    with embedded_redis() as server:

        async def run() -> tuple[float, dict[str, float]]:
            async with Redis.from_url(server.url) as client:
                speed = await ours(client, texts_of(written))
                return speed, await bytes_of_a_text(client, written)

        speed, sizes = asyncio.run(run())
        for kind, size in sorted(sizes.items(), key=lambda one: -one[1]):
            print(f"{kind:10} {size:8.1f} bytes a text")
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
            other = theirs(client, urlsplit(server.url).path, written[: chosen.others])
    numbers = {"index_per_s": speed, "datasketch_per_s": other, "index_ratio": speed / other}
    tell(numbers | {"text_bytes": sum(sizes.values())}, chosen)


if __name__ == "__main__":
    main()
