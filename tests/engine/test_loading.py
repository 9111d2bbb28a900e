"""Once tables are loaded, judging reads nothing any more: the first batch takes no longer than others."""

import json
import sys

import pytest

from tests.servers import run

pytestmark = pytest.mark.usefixtures("servers")

PROGRAM = """
import asyncio, gc, json, sys
from datetime import date
from redis.asyncio import Redis
from engine.engine import Engine
from engine.loading import load_tables
from models.decoding import InputLimits
from models.records import RawRecord
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.store import Store
from twinwatch.embedded import embedded_redis
from twinwatch.sample_day import sample_day

TEXTS = (
    "IBAN DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111, call +48 601 234 567, +39 06 1234 5678 or 030 123456",
    "Hauptstraße 12, 10115 Berlin; PESEL 44051401359; DNI 12345678Z; codice fiscale RCCMNL83S18D969H",
    "Вuу сhеар рills at bit.ly/abc or examp1e.co.uk! Купите дешево, звоните 8 912 345-67-89",
    "αγοράστε φθηνά στο example.gr", "أهلا وسهلا", "I will kill you, you idiot", "ich bring dich um",
    "a photo of my pupil Anna Smith, class 4b, born 1.2.2015", "ԱԲԳ ᏗᎵ ｆｕｌｌ　ｗｉｄｔｈ 𝐛𝐨𝐥𝐝",
    "Dear colleague,\\n> quoted words\\nbest regards\\n-- \\nAnna",
)
KINDS = (
    {"type": "message", "recipient_ids": ["r1", "r2"]},
    {"type": "forum_post", "forum_id": "f", "thread_id": "t", "thread_title": "bees", "opens_thread": True},
    {"type": "comment", "owner_id": "o"},
    {"type": "report", "reported_id": "x", "article": 1},
    {"type": "invitation", "kind": "project", "target_id": "t", "recipient_ids": ["r3"]},
    {"type": "contact_request", "recipient_id": "r4"},
    {"type": "profile_update", "display_name": "Suppоrt Team", "organisation": "Аdmin"},
    {"type": "media_upload", "media_id": "m", "media_kind": "video", "visibility": "public", "surface": "profile"},
)

def records():
    for number, (text, kind, language) in enumerate(
        (text, kind, language) for text in TEXTS for kind in KINDS for language in ("en", "de", "el", "xx")
    ):
        event = {"event_id": f"e{number}", "occurred_at": "2026-01-01T00:00:00Z", "actor_id": f"a{number % 9}",
                 "text": text, "bio": text, "caption": text, "language": language}
        yield RawRecord(json.dumps(event | kind).encode())
    for record in sample_day(date(2026, 1, 12), 1):
        yield RawRecord(record.value)

async def main():
    policy = load_policy(None)
    if sys.argv[1] == "loaded":
        load_tables()
    with embedded_redis() as redis:
        client = Redis.from_url(redis.url)
        engine = Engine(policy, Store(client, Pseudonyms(b"a secret of the tests")), limits=InputLimits())
        await client.ping()
        batch, read = list(records()), []
        sys.addaudithook(lambda event, told: read.append(str(told[0])) if event in ("open", "import") else None)
        looks = gc.get_stats()[0]["collections"]
        await engine.process(batch[:1000])
        print(json.dumps([[str(name) for name in read], gc.get_stats()[0]["collections"] - looks]))
        await client.aclose()

asyncio.run(main())
"""


def judging(tables: str) -> tuple[list[str], int]:
    """What is read while a thousand records are judged, and how often garbage is looked for."""
    done = run(sys.executable, "-c", PROGRAM, tables)
    assert done.returncode == 0, done.stderr
    read, queries = json.loads(done.stdout)
    return read, queries


def test_once_tables_are_loaded_judging_reads_nothing_and_seldom_looks_for_garbage() -> None:
    read, queries = judging("loaded")
    assert read == []
    assert 0 < queries < 40


def test_without_loading_it_would() -> None:
    read, queries = judging("not loaded")
    assert any(name.endswith("greetings.yaml") for name in read)
    assert queries > 100


def test_a_worker_loads_no_scipy() -> None:
    """It would be a second of each start and 47 MiB, for a part of datasketch that is not used."""
    done = run(sys.executable, "-c", "import sys, agents.worker; print(sorted({'scipy', 'numpy'} & set(sys.modules)))")
    assert done.stdout.strip() == "['numpy']", done.stderr


def test_who_imports_datasketch_after_us_gets_all_of_it() -> None:
    program = "import text.signature, datasketch; print(datasketch.MinHashLSH(num_perm=128).h)"
    done = run(sys.executable, "-c", program)
    assert done.stdout.strip() == "128", done.stderr


def test_after_loading_garbage_is_looked_for_and_not_in_tables() -> None:
    program = (
        "import gc, engine.engine, engine.loading as it; it.load_tables(); print(gc.isenabled(), gc.get_freeze_count())"
    )
    done = run(sys.executable, "-c", program)
    enabled, frozen = done.stdout.split()
    assert enabled == "True", done.stderr
    assert int(frozen) > 100_000


HEAPS = """
import ctypes, sys, threading
from engine.loading import share_one_heap
libc = ctypes.CDLL(None)
if not hasattr(libc, "malloc_info"):
    sys.exit(3)
if sys.argv[1] == "shared":
    share_one_heap()
for _ in range(3):
    thread = threading.Thread(target=lambda: [bytes(5000) for _ in range(100)])
    thread.start()
    thread.join()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.parametrize(("how", "one"), [("shared", True), ("not shared", False)])
def test_threads_share_one_heap(how: str, one: bool) -> None:
    done = run(sys.executable, "-c", HEAPS, how)
    if done.returncode == 3:
        pytest.skip("the C library does not tell")
    assert (done.stdout.count("<heap nr=") == 1) is one, done.stdout
