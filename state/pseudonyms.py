"""Identifiers as Redis sees them: nothing in the store can be read back without the key.

Two forms, for two needs. A *hash* is one-way: good for counting and comparing. A *seal* is deterministic authenticated
encryption (AES-SIV, RFC 5297): equal identifiers give equal seals, so that they can be counted too, and the holder of the
key can turn them back into the account that an incident has to name.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from msgspec.msgpack import Encoder

KEY_BYTES = 12
"""Hash length of a key part: collisions would join two members' histories, so these are long."""
MEMBER_BYTES = 8
"""Hash length of a member within one set of at most some ten thousand: a collision there has odds below 1e-11."""
EVENT_NAME_BYTES = 8
"""Of an event's hash, its name in a window: of at most some ten thousand events, too."""
SALT_BYTES = 4
_CACHED_IDENTIFIERS = 10_000
"""Hashes, and as many seals: 260 bytes of a worker each. Of the hashes that 20,000 members need 0.91 are known with so many,
and 0.92 with ten times as many: who acts acts again soon.
"""
_CACHED_EVENTS = 5_000
"""Those of a batch or two: each adds to several windows."""
_packed = Encoder().encode


class Pseudonyms:
    """Hashes and seals identifiers under one secret. Two stores with the same secret can share one Redis."""

    def __init__(self, secret: bytes) -> None:
        if not secret:
            raise ValueError("the pseudonym key is empty: expected at least one byte")
        root = blake2b(secret, person=b"twinwatch root").digest()
        hash_key = blake2b(b"hash", key=root).digest()
        # with the key in them already, to be copied for each name
        self._keyed = blake2b(key=hash_key, digest_size=KEY_BYTES)
        self._keyed_for_members = blake2b(key=hash_key, digest_size=MEMBER_BYTES)
        self._fingerprint_key = blake2b(b"fingerprint", key=root).digest()
        self.salt = int.from_bytes(blake2b(b"salt", key=root, digest_size=SALT_BYTES).digest())
        """Of the signatures of texts, which nobody without the key can foretell."""
        self._cipher = AESSIV(blake2b(b"seal", key=root).digest())
        self.event = lru_cache(_CACHED_EVENTS)(self._event)
        self.member = lru_cache(_CACHED_IDENTIFIERS)(self._member)
        self.seal = lru_cache(_CACHED_IDENTIFIERS)(self._seal)

    def key(self, *parts: str) -> bytes:
        """A one-way name for the tuple `parts`; ("a", "bc") and ("ab", "c") differ."""
        name = self._keyed.copy()
        name.update(_packed(parts))
        return name.digest()

    def key_of(self, members: Iterable[str], *parts: str) -> bytes:
        """A name for `parts` that begins with the hashes of the `members` whom it is about, so that who knows a member can
        find it again: what is held about one can be forgotten.
        """
        return b"".join(map(self.member, members)) + self.key(*parts)

    def rule(self, slug: str) -> bytes:
        """A one-way name for a rule, so that what is kept of a member does not say what the member is accused of."""
        return self.key("rule", slug)[:MEMBER_BYTES]

    def about(self, hashes: Iterable[bytes]) -> list[bytes]:
        """One-way names for what a verdict is about besides a member."""
        return [self.key("about", one.hex())[:MEMBER_BYTES] for one in hashes]

    def fingerprint(self, namespace: str) -> bytes:
        """What tells whether two have the same secret, without telling anything of it; another one for each namespace."""
        return blake2b(namespace.encode(), key=self._fingerprint_key, digest_size=KEY_BYTES).digest()

    def _event(self, identity: str) -> bytes:
        return self.key("event", identity)

    def _member(self, identifier: str) -> bytes:
        name = self._keyed_for_members.copy()
        name.update(identifier.encode())
        return name.digest()

    def _seal(self, identifier: str) -> bytes:
        return self.seal_bytes(identifier.encode())

    def unseal(self, sealed: bytes) -> str:
        """The identifier that was sealed. Raises `cryptography.exceptions.InvalidTag` under another key."""
        return self.unseal_bytes(sealed).decode()

    def seal_bytes(self, data: bytes) -> bytes:
        """Any data, sealed: 16 bytes longer. AES-SIV seals nothing that is empty, so that `data` must not be."""
        return self._cipher.encrypt(data, None)

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """The data that was sealed. Raises `cryptography.exceptions.InvalidTag` under another key."""
        return self._cipher.decrypt(sealed, None)
