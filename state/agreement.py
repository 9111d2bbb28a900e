"""What all who use one store must have in common: the pseudonym key and the number of shards.

With another key, or with another number of shards, the same member has other names, and is counted apart without a word. So
the first worker writes down what it has, in one key of the first shard, and everybody compares. Of the pseudonym key that is a
fingerprint: a keyed hash of the namespace, from which the secret cannot be computed.
"""

from typing import Literal

from state.errors import StateUnavailable
from state.kinds import SETTINGS
from state.pseudonyms import Pseudonyms
from state.scripts import Command, Shards, pack, unpack

Disagreement = Literal["pseudonym key", "number of shards"]


class WrongStore(StateUnavailable):
    """The store belongs to workers with another pseudonym key or number of shards: nothing may be written there.

    Like an outage it ends no batch, but no waiting mends it. `key` is the name in Redis of what the workers have in common,
    `shards` the number of theirs.
    """

    def __init__(self, what: Disagreement, key: str, shards: int) -> None:
        super().__init__("WrongStore", f"it belongs to workers with another {what}")
        self.what = what
        self.key = key
        self.shards = shards


class Agreement:
    """What one user of a store has. `key` is the name in Redis of what all of them have."""

    def __init__(self, pseudonyms: Pseudonyms, shards: int, namespace: str) -> None:
        self.key = f"{namespace}{{s0}}:{SETTINGS.name}"
        self._fingerprint = pseudonyms.fingerprint(namespace)
        self._shards = shards

    async def reach(self, shards: Shards, lifetime: int) -> None:
        """Write it down where nobody has yet (a new store, or one that was emptied), for as long as anything may last there
        (seconds) after the last one asked. Raises `WrongStore`.
        """
        ours, key = pack((self._fingerprint, self._shards)), (SETTINGS.name.encode(),)
        read = [Command("GET", key), Command("TTL", key)]
        [standing, left] = (await shards.run({0: read}))[0]
        if not standing:
            written = Command("SET", key, (ours, "NX", "EX", lifetime))
            [_, standing, left] = (await shards.run({0: [written, *read]}))[0]
        self.check(standing)
        if left < lifetime / 2:
            await shards.run({0: [Command("EXPIRE", key, (lifetime,))]})

    def check(self, standing: bytes) -> None:
        """Compare with what stands in the store. Raises `WrongStore`."""
        fingerprint, shards = unpack(standing)
        if fingerprint != self._fingerprint:
            raise WrongStore("pseudonym key", self.key, shards)
        if shards != self._shards:
            raise WrongStore("number of shards", self.key, shards)
