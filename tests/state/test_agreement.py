"""What all who use one store must have in common, and how full its server is."""

import secrets

import pytest

from state.agreement import WrongStore
from state.kinds import SETTINGS
from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.store import Store
from tests.state.conftest import Bench

DAY = 86_400
KEY = "tw9:{s0}:settings"


def test_the_first_writes_it_down_and_another_key_is_refused_until_it_is_deleted(bench: Bench) -> None:
    bench.empty()
    bench.run(bench.store().ping())
    bench.run(bench.store().ping())
    with pytest.raises(WrongStore) as refused:
        bench.run(bench.store(secret=b"another secret").ping())
    assert (refused.value.what, refused.value.key) == ("pseudonym key", KEY)
    bench.run(bench.client.unlink(KEY))
    bench.run(bench.store(secret=b"another secret").ping())
    with pytest.raises(WrongStore):
        bench.run(bench.store().ping())


def test_another_number_of_shards_is_refused(bench: Bench) -> None:
    bench.empty()
    bench.run(bench.store(shards=4).ping())
    with pytest.raises(WrongStore) as refused:
        bench.run(bench.store(shards=1).ping())
    assert (refused.value.what, refused.value.shards) == ("number of shards", 4)


def test_an_emptied_store_is_taken_again(bench: Bench) -> None:
    bench.run(bench.store().ping())
    bench.empty()
    bench.run(bench.store(secret=b"another secret").ping())


def test_two_namespaces_have_nothing_in_common(bench: Bench) -> None:
    bench.empty()
    bench.run(bench.store().ping())
    other = Store(bench.client, Pseudonyms(b"another secret"), namespace="elsewhere:")
    bench.run(other.ping())
    one_secret = Pseudonyms(b"one secret")
    assert one_secret.fingerprint("a") != one_secret.fingerprint("b")


def test_it_lasts_as_long_as_anything_in_the_store_and_never_ends_while_somebody_uses_it(bench: Bench) -> None:
    bench.empty()
    store = bench.store()
    bench.run(store.ping())
    longest = SETTINGS.ttl(StoreLimits())
    assert longest == 403 * DAY
    assert longest - 60 < bench.run(bench.client.ttl(KEY)) <= longest
    bench.run(bench.client.expire(KEY, longest // 2 - 1))
    with pytest.raises(WrongStore):
        bench.run(bench.store(secret=b"another secret").ping())
    assert bench.run(bench.client.ttl(KEY)) < longest / 2, "who is refused does not keep it"
    bench.run(store.ping())
    assert bench.run(bench.client.ttl(KEY)) > longest - 60


def test_to_compare_writes_nothing(bench: Bench) -> None:
    bench.empty()
    store = bench.store()
    bench.run(store.ping())
    bench.run(bench.client.config_set("maxmemory", "1"))
    try:
        bench.run(store.ping())
    finally:
        bench.run(bench.client.config_set("maxmemory", "0"))


def test_it_tells_nothing_of_the_key(bench: Bench) -> None:
    bench.empty()
    secret = secrets.token_bytes(32)
    bench.run(bench.store(secret=secret).ping())
    stored: bytes = bench.dump()[KEY.encode()]
    assert len(stored) < 20
    member = Pseudonyms(secret).member("anna")
    for told in (secret, secret.hex().encode(), member):
        assert all(told[i : i + 4] not in stored for i in range(len(told) - 3))


def test_how_full_the_server_is_and_whether_it_evicts(bench: Bench) -> None:
    store = bench.store()
    unlimited = bench.run(store.memory())
    assert 0 < unlimited.used < unlimited.most, "without a limit it is the memory of the machine"
    assert not unlimited.evicts
    for policy in ("allkeys-lru", "volatile-lru", "volatile-ttl"):
        bench.run(bench.client.config_set("maxmemory-policy", policy))
        bench.run(bench.client.config_set("maxmemory", "64mb"))
        try:
            limited = bench.run(store.memory())
        finally:
            bench.run(bench.client.config_set("maxmemory-policy", "noeviction"))
            bench.run(bench.client.config_set("maxmemory", "0"))
        assert (limited.most, limited.policy, limited.evicts) == (64 << 20, policy, True)
