"""The tables that tell which campaigns there are, as one part of a batch reads and writes them.

A campaign is known by its leaders: the text that founded it, and further texts that joined though they differ much from the
leaders before, so that a text which changes slowly stays in its campaign. Tables are hashes per generation g (a stretch of
event time, expiring whole), after the scope of `state.campaigns`:

- `seen:g`: event and text -> what it was answered: campaign id and similarity, and, as soon as `judged.lua` has said so, 1 or
  0, whether it repeats what was upheld. With `Campaign.framed` that is f, then 3 or 2. What comes again gets the same answer,
  whatever was learnt since
- `brought:g`: author -> texts brought in this generation; whoever has brought very many founds and teaches nothing more
- `digest:g`: normalised text -> leader
- `band:g:i`: bucket of the i-th band of a signature -> the rest of such bands, each with the number of a leader
  (`state/lua/buckets.lua`)
- `leader:g`: leader -> campaign id (16 bytes), campaign number (10 digits), and of a text with a signature what
  `CampaignCodec.rest_of` keeps: what sifts texts that are like it, sealed author and text; of a longer text its signature and
  these; of an author who was forgotten the signature alone
- `size:g`: campaign number -> leaders that it has got in this generation
- `sentence:g`: sentence -> witnesses: texts that it stood in, no two of one author or one campaign (`state.boilerplate`)
- `learnt:m`, of a long stretch m of event time: sentence that is boilerplate -> as `state.boilerplate` has it
- `merged:g`: campaign number -> id and number of the older campaign that it turned out to be, similarity; written by
  `state.merging`, and by `state.joining` where what is followed would be forgotten

Leaders carry ascending numbers, and a campaign has the number of its first.

A part is read by `look.lua`, and written by `join.lua` only if what it changes still stands as it was read: else another
worker was quicker, and it is decided again.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct

from state.campaigns import FIELD_BYTES, HEAD_BYTES, ID_BYTES, CampaignCodec
from state.kinds import BAND, BROUGHT, DIGEST, LEADER, LEARNT, MERGED, SEEN, SENTENCE, SIZE
from state.requests import Text
from state.scripts import Call, Command, Script, Shards, unpack

LOOK = Script("look", "buckets")
JOIN = Script("join", "buckets")
BANDS, BAND_BYTES = 24, 4
"""Parts of a signature that candidates are looked up by, and bytes of the hash of one: the first names a bucket, the others
tell it from those that stand there, too.
"""
SLOTS = 3
"""Of one band, 16 bits each."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_LEADER_BYTES = 4
"""Of a leader's number in bands, the low ones: no more leaders than they tell apart live at one time."""
_NUMBERS = 1 << 8 * _LEADER_BYTES
IN_BAND = 4
"""Leaders kept of one band: the first ones."""
_FIELDS_AT_ONCE = 3_000
"""Of one table at once: Lua's `unpack` has a limit."""


class Generation(NamedTuple):
    """The names of one generation's tables; `bands` is what those of bands begin with."""

    number: int
    seen: bytes
    brought: bytes
    digest: bytes
    leader: bytes
    size: bytes
    sentence: bytes
    merged: bytes
    bands: bytes


@lru_cache(16)
def generation_of(number: int) -> Generation:
    """The names of a generation's tables."""
    seen, brought, digest, leader, size, sentence, merged, bands = (
        kind.key(b"%d" % number) for kind in (SEEN, BROUGHT, DIGEST, LEADER, SIZE, SENTENCE, MERGED, BAND)
    )
    return Generation(number, seen, brought, digest, leader, size, sentence, merged, bands + b":")


class Item(Struct):
    """One text, and where what is known of it stands: its own generation and stretch first, then others to look in.

    `name`: the event and the text, in `seen`; `campaign`: the id of the one that it would found.
    """

    text: Text
    name: bytes
    campaign: bytes
    author: bytes
    generations: list[Generation]
    learnt: list[bytes]
    sentences: list[tuple[bytes, int, bytes]]
    """Hash of a sentence, its length in letters and spaces, hash of it and the author."""
    bands: Sequence[bytes]
    beside: bool = False
    """Whether it shares a band with another text of its part."""
    hits: dict[bytes, int] = {}
    """Leaders that share bands with it, and how many, as they were read."""
    in_bands: dict[int, dict[int, bytes]] = {}
    """What was read of them: number of a generation -> number of a band -> the leaders."""
    candidates: list[bytes] = []
    """Those of them that it is compared with, or the leaders that have the very text; then those that it is like."""
    records: list[bytes] = []
    """What stands of these."""


class Tables:
    """What stands in the tables as it was read, and what the texts of a part add: later ones see that at once.

    What is asked for that was not read counts as absent until it is read (`read_wanted`).
    """

    def __init__(self, shards: Shards, codec: CampaignCodec) -> None:
        self._shards, self._codec = shards, codec
        self._read: dict[bytes, dict[bytes, bytes | None]] = {}
        self._written: dict[bytes, dict[bytes, bytes]] = {}
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        """What was changed for the present text: where, and what stood there."""
        self._wanted: dict[bytes, dict[bytes, None]] = {}
        self._bands: dict[int, dict[int, dict[bytes, bytes]]] = {}
        """Generation -> number of a band -> the leaders found."""
        self._banded: set[tuple[int, bytes]] = set()
        """Generations and signatures of which all bands were read."""
        self._banded_wanted: dict[tuple[int, ...], dict[bytes, Sequence[bytes]]] = {}
        self._led: dict[tuple[int, bytes], tuple[Sequence[bytes], dict[int, bytes] | None]] = {}
        """Generation and leader that it gets -> the bands, and what was read of them where it is known."""
        self._new: dict[tuple[int, int, bytes], tuple[bytes, ...]] = {}
        """Generation, number of a band and band -> leaders that the part has added, as far as its texts may look there."""
        self._again = False
        """Whether leaders were made known in one generation more: texts may share bands with these that look only there."""
        self._sizes: dict[bytes, int | None] = {}
        self.breaches: dict[bytes, list[int]] = {}
        """Author -> times of verdicts that upheld a breach."""
        self._last = 0
        """The number that was given last, as it was read."""
        self.own = range(0)
        """The numbers that were set aside for leaders of this part."""

    # --- reading -----------------------------------------------------------------------------------------------------------

    async def look(self, items: Sequence[Item]) -> None:
        """Read all that the texts can need at first."""
        seen: dict[bytes, dict[bytes, None]] = {}
        tables: dict[bytes, dict[bytes, None]] = {}
        banded: dict[tuple[int, ...], dict[bytes, Sequence[bytes]]] = {}
        for item in items:
            own = item.generations[0]
            seen.setdefault(own.seen, {})[item.name] = None
            tables.setdefault(own.brought, {})[item.author] = None
            for generation in item.generations:
                tables.setdefault(generation.digest, {})[item.text.digest[:FIELD_BYTES]] = None
            if item.text.signature:
                numbers = tuple([generation.number for generation in item.generations])
                banded.setdefault(numbers, {})[item.text.signature] = item.bands
            if item.sentences:
                names = dict.fromkeys([name for name, *_ in item.sentences])
                for table in (*(generation.sentence for generation in item.generations), *item.learnt):
                    tables.setdefault(table, {}).update(names)
        authors = dict.fromkeys([item.author for item in items if item.sentences and item.text.teaches])
        last, _ = await self._fetch(seen, tables, banded, tuple(authors))
        new = sum(value is None for table in seen for value in self._read[table].values())
        self.own = range(last + 1, last + 1 + new)
        leaders: dict[bytes, list[bytes]] = {}
        for item in items:
            item.in_bands = {one.number: self._in_bands(one.number, item.bands) for one in item.generations}
            item.hits = self._sharing(item, leaders)

    @property
    def is_wanting(self) -> bool:
        """Whether something was asked for that was not read."""
        return bool(self._wanted or self._banded_wanted or None in self._sizes.values())

    async def read_wanted(self) -> None:
        """Read what was asked for, if anything was."""
        if not self.is_wanting:
            return
        unsized = [table for table, size in self._sizes.items() if size is None]
        tables, banded = self._wanted, self._banded_wanted
        self._wanted, self._banded_wanted = {}, {}
        _, sizes = await self._fetch({}, tables, banded, (), unsized)
        self._sizes |= zip(unsized, sizes, strict=True)

    async def _fetch(
        self,
        counted: dict[bytes, dict[bytes, None]],
        tables: dict[bytes, dict[bytes, None]],
        banded: dict[tuple[int, ...], dict[bytes, Sequence[bytes]]],
        authors: tuple[bytes, ...],
        unsized: Sequence[bytes] = (),
    ) -> tuple[int, list[int]]:
        """The last number given before one was set aside for each field of `counted` that is not there, and the sizes."""
        alike: dict[tuple[bytes, ...], list[bytes]] = {}
        for name, fields in tables.items():
            alike.setdefault(tuple(fields), []).append(name)
        asked: list[tuple[Any, ...]] = [(1, [name], *fields) for name, fields in counted.items()]
        for all_fields, names in alike.items():
            for start in range(0, len(all_fields), _FIELDS_AT_ONCE):
                asked.append((0, names, *all_fields[start : start + _FIELDS_AT_ONCE]))
        by_band: list[tuple[Any, ...]] = []
        for numbers, signatures in banded.items():
            in_tables = [part for number in numbers for part in (number, generation_of(number).bands)]
            by_band.append((in_tables, *_columns(signatures.values())))
        scope = self._codec.scope
        calls: list[Call | Command] = [Call(LOOK, (self._codec.ttl, asked, by_band, authors), scope)]
        calls += [Command("HLEN", (scope.encode() + name,)) for name in unsized]
        (found, in_bands, judged, last), *sizes = (await self._shards.run({0: calls}))[0]
        for name, fields in (*counted.items(), *tables.items()):
            self._read.setdefault(name, {}).update(fields)
        for name, flat in found:
            self._read[name].update(zip(flat[::2], flat[1::2], strict=True))
        for numbers, signatures in banded.items():
            for number in numbers:
                self._banded.update((number, one) for one in signatures)
                self._bands.setdefault(number, {})
        for number, band, flat in in_bands:
            self._bands[number].setdefault(band, {}).update(zip(flat[::2], flat[1::2], strict=True))
        for author, *verdicts in judged:
            said = (unpack(verdict) for verdict in verdicts)
            self.breaches[author] = [time for time, _, upheld, *_ in said if upheld]
        self._last = int(last)
        return self._last, sizes

    def get(self, table: bytes, field: bytes) -> bytes:
        """What stands in a field, or nothing."""
        if (own := self._written.get(table)) and (value := own.get(field)):
            return value
        read = self._read.get(table)
        if read is None or field not in read:
            self._wanted.setdefault(table, {})[field] = None
            return b""
        return read[field] or b""

    def want(self, tables: Iterable[bytes], fields: Iterable[bytes]) -> None:
        """Ask for fields of which nothing was read yet."""
        for table in tables:
            self._wanted.setdefault(table, {}).update(dict.fromkeys(fields))

    def of_leader(self, tables: Iterable[bytes], number: bytes) -> bytes:
        """What the first table has that has anything of a leader, or of a campaign by its number.

        The store knows nothing of those that the part adds.
        """
        if int(number) in self.own:
            written = (self._written.get(table) for table in tables)
            return next((own[number] for own in written if own and number in own), b"")
        for table in tables:
            if value := self.get(table, number):
                return value
        return b""

    def of_leaders(self, tables: Sequence[bytes], numbers: Iterable[bytes]) -> list[bytes]:
        """The same of leaders that the part has not added, at once."""
        read = [self._read.get(table, {}) for table in tables]
        found = []
        for number in numbers:
            for fields in read:
                if value := fields.get(number):
                    found.append(value)
                    break
            else:
                found.append(self.of_leader(tables, number))
        return found

    def size(self, table: bytes) -> int:
        """How many fields a table has; as if it were empty, as long as that was not read."""
        read = self._read.get(table, {})
        added = sum(read.get(field) is None for field in self._written.get(table, ()))
        return (self._sizes.setdefault(table, None) or 0) + added

    def sharing_bands(self, item: Item) -> dict[bytes, int]:
        """Leaders that share bands with a text, and how many."""
        if not (item.beside or self._again):
            return item.hits
        new = self._new
        added = [
            leader
            for generation in item.generations
            for place in zip(repeat(generation.number), range(1, BANDS + 1), item.bands, strict=False)
            if place in new
            for leader in new[place]
        ]
        if not added:
            return item.hits
        hits = dict(item.hits)
        for leader in added:
            hits[leader] = hits.get(leader, 0) + 1
        return hits

    def _sharing(self, item: Item, leaders: dict[bytes, list[bytes]]) -> dict[bytes, int]:
        """`leaders`: those of what stands in bands, as far as they were told already."""
        hits: dict[bytes, int] = {}
        for of_one in item.in_bands.values():
            for there in of_one.values():
                if (found := leaders.get(there)) is None:
                    found = leaders[there] = _leaders_in(there, self._last)
                for leader in found:
                    hits[leader] = hits.get(leader, 0) + 1
        return hits

    def _in_bands(self, number: int, bands: Sequence[bytes]) -> dict[int, bytes]:
        """By the numbers of bands that have any in a generation: the leaders, as they were read."""
        read = self._bands[number].items() if bands else ()
        return {i: there for i, found in read if (there := found.get(bands[i - 1]))}

    # --- writing -----------------------------------------------------------------------------------------------------------

    def put(self, table: bytes, field: bytes, value: bytes) -> None:
        """Let a value stand in a field from now on."""
        if (own := self._written.get(table)) is None:
            own = self._written[table] = {}
        self.set(own, field, value)

    def lead(self, generation: Generation, leader: bytes, record: bytes, item: Item | None = None) -> None:
        """Make a leader known in a generation, where it is not yet. `item`: the text, if it is one of the part."""
        if item is None and self.of_leader((generation.leader,), leader):
            return
        signature = item.text.signature if item else self._codec.signature_in(record)
        if signature and item is None and (generation.number, signature) not in self._banded:
            self._banded_wanted.setdefault((generation.number,), {})[signature] = bands_of(signature)
            return
        self.put(generation.leader, leader, record)
        if not signature:
            return
        bands = item.bands if item else bands_of(signature)
        in_bands = item.in_bands.get(generation.number) if item else None
        self.set(self._led, (generation.number, leader), (bands, in_bands))
        self._again |= item is None
        if item is None or item.beside:
            self._add(generation.number, leader, bands)

    def _add(self, number: int, leader: bytes, bands: Sequence[bytes]) -> None:
        """Let later texts of the part find a leader by its bands."""
        read = self._bands[number]
        for i, band in enumerate(bands, 1):
            added = self._new.get((number, i, band), ())
            there = read[i].get(band) if i in read else None
            if len(added) + len(there or b"") // _LEADER_BYTES < IN_BAND:
                self.set(self._new, (number, i, band), (*added, leader))

    def set(self, place: dict[Any, Any], key: Any, value: Any) -> None:
        """Let a value stand in any dictionary, until it is taken back (`undo`)."""
        self._undo.append((place, key, place.get(key)))
        place[key] = value

    def keep(self) -> None:
        """Keep what was changed for the present text."""
        self._undo.clear()

    def undo(self) -> None:
        """Take back what was changed for the present text."""
        for place, key, before in reversed(self._undo):
            if before is None:
                del place[key]
            else:
                place[key] = before
        self._undo.clear()

    async def write(self) -> bool:
        """Write what was put, or nothing where something of it has changed since it was read."""
        tables = []
        for table, values in self._written.items():
            seconds = self._codec.learnt_ttl if table.startswith(_LEARNT) else self._codec.ttl
            read = self._read.get(table, {})
            fields = list(values)
            for start in range(0, len(fields), _FIELDS_AT_ONCE):
                some = fields[start : start + _FIELDS_AT_ONCE]
                tables.append(
                    (table, seconds, some, [read.get(field) or b"" for field in some], [values[one] for one in some])
                )
        if not tables:
            return True
        led: dict[int, tuple[list[bytes], list[Sequence[bytes]], list[dict[int, bytes]]]] = {}
        for (number, leader), (bands, in_bands) in self._led.items():
            there = self._in_bands(number, bands) if in_bands is None else in_bands
            leaders, banded_by, before = led.setdefault(number, ([], [], []))
            leaders.append((int(leader) % _NUMBERS).to_bytes(_LEADER_BYTES))
            banded_by.append(bands)
            before.append(there)
        banded = [
            (generation_of(number).bands, self._codec.ttl, _columns(of_all), IN_BAND * _LEADER_BYTES, leaders, before)
            for number, (leaders, of_all, before) in led.items()
        ]
        # bands need not be compared with what was read where nobody has been given a number since
        request = (tables, banded, b"%d" % (self.own.stop - 1), self._codec.ttl)
        return bool((await self._shards.run({0: [Call(JOIN, request, self._codec.scope)]}))[0][0])


_LEARNT = LEARNT.key(b"")


def bands_of_all(signatures: Sequence[bytes]) -> list[Sequence[bytes]]:
    """The bands of each signature; none of an empty one."""
    beginnings = [signature[: 2 * SLOTS * BANDS] for signature in signatures if signature]
    slots = np.frombuffer(b"".join(beginnings), ">u2").astype(np.uint64).reshape(-1, SLOTS)
    mixed = (slots[:, 0] << np.uint64(32) | slots[:, 1] << np.uint64(16) | slots[:, 2]) * _MIX
    packed = (mixed >> np.uint64(32)).astype(">u4").tobytes()
    cut = [packed[at : at + BAND_BYTES] for at in range(0, len(packed), BAND_BYTES)]
    each = iter([cut[at : at + BANDS] for at in range(0, len(cut), BANDS)])
    return [next(each) if signature else () for signature in signatures]


def bands_of(signature: bytes) -> Sequence[bytes]:
    """The bands of one."""
    return bands_of_all([signature])[0]


def _columns(bands: Iterable[Sequence[bytes]]) -> list[tuple[list[bytes], list[bytes]]]:
    """The buckets and the tags of the i-th bands of all texts."""
    return [([band[:1] for band in column], [band[1:] for band in column]) for column in zip(*bands, strict=True)]


def _leaders_in(there: bytes, last: int) -> list[bytes]:
    """The numbers of the leaders of a band, as `look.lua` tells them, none of which is later than the `last`."""
    low = (int.from_bytes(there[at : at + _LEADER_BYTES]) for at in range(0, len(there), _LEADER_BYTES))
    return [b"%d" % (last - (last - number) % _NUMBERS) for number in low]


def number_in(head: bytes) -> bytes:
    """A campaign's number, by its head or a leader's record."""
    return head[ID_BYTES:HEAD_BYTES]
