"""Writes down what was decided about texts that signatures left open: which campaigns are one, and the answers."""

from collections.abc import Sequence
from functools import partial

from state.campaign_tables import generation_of, number_in
from state.campaigns import HEAD_BYTES, ID_BYTES, JUDGED_BYTES, CampaignCodec, add_incidents
from state.decisions import View, decide
from state.kinds import UPHELD
from state.requests import MergeDecision
from state.scripts import Shards, pack, unpack


class Merging:
    """`judged_ttl`: seconds for which it is kept what was judged."""

    def __init__(self, shards: Shards, codec: CampaignCodec, judged_ttl: int) -> None:
        self._shards, self._codec, self._judged_ttl = shards, codec, judged_ttl
        self._scope = codec.scope.encode()

    async def keep(self, decisions: Sequence[MergeDecision]) -> None:
        """Write them down, each once: where a text is answered already, nothing happens. Raises `StateUnavailable`."""
        if decisions:
            await decide(self._shards, 0, partial(self._keep, decisions))

    async def _keep(self, decisions: Sequence[MergeDecision], view: View) -> None:
        tables = {self._merged(generation) for one in decisions for generation in one.generations}
        numbers = {number_in(head) for one in decisions for head in (one.joined, *(head for head, _ in one.same))}
        places = [(table, number) for table in tables for number in numbers]
        await view.read(
            [self._upheld(one) for one in decisions if one.judged],
            [*((self._seen(one), one.name) for one in decisions), *places],
        )
        while numbers := {number_in(older) for place in places if (older := view.get(*place))}:
            places = [(table, number) for table in tables for number in numbers]
            await view.read(fields=places)
        for one in decisions:
            self._write(one, view)

    def _write(self, one: MergeDecision, view: View) -> None:
        # it was written down before, or two decisions are about one text
        if len(view.get(self._seen(one), one.name)) <= JUDGED_BYTES:
            return
        for head, share in one.same:
            self._unite(one.joined, head, share, one.generations, view)
        root, alike = self._root_of(one.joined, one.generations, view)
        if root != one.joined:
            # kept as long as the text
            self._merge(one.joined, root + b"%.4f" % alike, one.generations, view)
        if one.judged:
            before = view.get(self._upheld(one))
            judged = add_incidents(unpack(before) if before else [], one.judged)
            view.set(self._upheld(one), self._judged_ttl, pack(judged))
        view.set_field(self._seen(one), self._codec.ttl, one.name, one.answer)

    def _unite(self, left: bytes, right: bytes, share: bytes, generations: Sequence[int], view: View) -> None:
        """Of two campaigns the younger is merged into the older."""
        (one, _), (other, _) = (self._root_of(head, generations, view) for head in (left, right))
        older, younger = sorted((one, other), key=number_in)
        if older != younger:
            self._merge(younger, older + share, generations, view)

    def _root_of(self, head: bytes, generations: Sequence[int], view: View) -> tuple[bytes, float]:
        """As in `state.joining`: the head of the campaign that a campaign has become part of, and the similarity."""
        tables, alike = [self._merged(generation) for generation in generations], 1.0
        while older := next((value for table in tables if (value := view.get(table, number_in(head)))), b""):
            head, alike = older[:HEAD_BYTES], min(alike, float(older[HEAD_BYTES:]))
        return head, alike

    def _merge(self, head: bytes, older: bytes, generations: Sequence[int], view: View) -> None:
        view.set_field(self._merged(generations[0]), self._codec.ttl, number_in(head), older)

    def _merged(self, generation: int) -> bytes:
        return self._scope + generation_of(generation).merged

    def _seen(self, one: MergeDecision) -> bytes:
        return self._scope + generation_of(one.generations[0]).seen

    def _upheld(self, one: MergeDecision) -> bytes:
        return self._scope + UPHELD.key(one.answer[:ID_BYTES])
