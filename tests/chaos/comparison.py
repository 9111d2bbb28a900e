"""What a disturbed run must have in common with an undisturbed one, and what may differ by nothing but the order."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from engine.plan import Plan
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS
from state.windows import TAG_BYTES
from tests.chaos.arena import Judged, Place
from tests.chaos.workload import Asker, Kind, Workload, kind_of
from tests.integration.stage import PSEUDONYM_KEY, Sent

_CAMPAIGN = "coordinated_campaign"
_SHOWN = 12


def differences(workload: Workload, undisturbed: Judged, disturbed: Judged) -> tuple[list[str], list[str]]:
    """What is wrong with the disturbed run, and what differs by the order in which racing records met."""
    dead = _expected_dead_letters(workload)
    wrong = [
        *_missing_rules(undisturbed),
        *_differ("dead letters, undisturbed", dead, undisturbed.dead_letters.items()),
        *_differ("dead letters", dead, disturbed.dead_letters.items()),
        *_differ("own affairs (incident, revision, record)", _own(undisturbed), _own(disturbed)),
        *_differ("calm joins (rule, members)", _joined(undisturbed, Kind.CALM), _joined(disturbed, Kind.CALM)),
        *_lost_entries(workload, undisturbed, disturbed),
    ]
    for name, run in (("undisturbed", undisturbed), ("disturbed", disturbed)):
        wrong += [f"{name}: {complaint}" for complaint in _racing_mistakes(workload, run)]
        wrong += [f"{name}: {complaint}" for complaint in _counted_twice(run)]
        wrong += [f"{name}: {complaint}" for complaint in _unheard(workload, run)]
    return wrong, _by_order(undisturbed, disturbed)


def _differ(what: str, expected: Iterable[Any], found: Iterable[Any]) -> list[str]:
    one, other = set(expected), set(found)
    told = [f"{what}: lost {item}" for item in sorted(one - other, key=repr)]
    told += [f"{what}: additional {item}" for item in sorted(other - one, key=repr)]
    return _shortened(what, told)


def _shortened(what: str, told: list[str]) -> list[str]:
    return told[:_SHOWN] + ([f"{what}: {len(told) - _SHOWN} more"] if len(told) > _SHOWN else [])


def _placed(workload: Workload) -> Iterator[tuple[Place, Sent]]:
    """Where the records stand: they are written in order, each to the partition that it names."""
    offsets: Counter[tuple[str, int]] = Counter()
    for record in (record for part in workload.parts for record in part):
        assert record.partition is not None
        yield (record.topic, record.partition, offsets[record.topic, record.partition]), record
        offsets[record.topic, record.partition] += 1


def _event_id(value: bytes | None) -> str:
    """Empty where there is none."""
    try:
        return str(json.loads(value or b"{}").get("event_id", ""))
    except ValueError:
        return ""


# --- what must be the same ----------------------------------------------------------------------------------------------


def _expected_dead_letters(workload: Workload) -> list[tuple[Place, tuple[str, bytes]]]:
    """Every record that cannot be used, where it stands."""
    return [
        (place, (workload.unusable[record.value], record.value))
        for place, record in _placed(workload)
        if record.value in workload.unusable
    ]


def _missing_rules(undisturbed: Judged) -> list[str]:
    """The comparison is worth something only where every rule finds something."""
    found = {incident["rule"] for incident in undisturbed.incidents.values()}
    return [f"the workload has nothing for {plan.rule.slug}" for plan in _PLAN.rules if plan.rule.slug not in found]


def _own(run: Judged) -> set[tuple[str, int, str, str, int, str]]:
    return {
        (
            incident["incident_id"],
            incident["revision"],
            incident["rule"],
            incident["subject_id"],
            incident["prior_incidents"],
            incident["recommended_action"],
        )
        for incident in run.incidents.values()
        if kind_of(incident["subject_id"]) is Kind.OWN
    }


def _joined(run: Judged, kind: Kind) -> Counter[tuple[str, frozenset[str]]]:
    """Rule and subject, or those who took part where there is no telling who is the subject; and how often."""
    return Counter(
        (incident["rule"], frozenset([incident["subject_id"], *incident["accomplice_ids"]]))
        for incident in run.incidents.values()
        if kind_of(incident["subject_id"]) is kind
    )


def _lost_entries(workload: Workload, undisturbed: Judged, disturbed: Judged) -> list[str]:
    """Events that have added something to a window in one run and not in the other, except those that race with others.

    A history forgets now and then what no window looks back upon, seen from its newest event. When that happens depends on
    how the events were batched.
    """
    newest = _newest(undisturbed)
    places = {_event_id(record.value): place for place, record in _placed(workload)}

    def of(run: Judged) -> set[tuple[str, bytes, bytes, float, str, frozenset[bytes]]]:
        entries = set()
        for key, tag, sealed, time, note, members in run.windows:
            if not sealed:
                continue  # one campaign has taken in another
            event_id = _PSEUDONYMS.unseal(sealed)
            if event_id.startswith("quiet-"):
                continue  # only asks what others answer, so that their answers count
            kind = kind_of(event_id)
            remembered = time >= newest.get(key, 0.0) - _REMEMBERED
            if kind is not Kind.RACING and remembered:
                entries.add((event_id, key, tag, time, _PSEUDONYMS.unseal(note) if note else "", members))
        return entries

    one, other = of(undisturbed), of(disturbed)
    lost, more = Counter(e[0] for e in one - other), Counter(e[0] for e in other - one)
    told = [
        f"{event_id} at {places.get(event_id)}: {lost[event_id]} entries of windows lost, {more[event_id]} additional"
        for event_id in sorted({*lost, *more}, key=lambda e: places.get(e, ("", 0, 0)))
    ]
    return _shortened("windows", told)


def _newest(run: Judged) -> dict[bytes, float]:
    """Time of the newest event of each history."""
    newest: dict[bytes, float] = {}
    for key, _, _, time, _, _ in run.windows:
        newest[key] = max(time, newest.get(key, time))
    return newest


def _counted_twice(run: Judged) -> list[str]:
    """Events that stand in one window more than once."""
    standing: Counter[tuple[bytes, bytes, bytes]] = Counter()
    for (key, tag, event_id, *_), many in run.windows.items():
        standing[key, tag, event_id] += many
    twice = sorted({_PSEUDONYMS.unseal(event_id) for (*_, event_id), many in standing.items() if event_id and many > 1})
    return _shortened("windows", [f"{event_id} stands in one more than once" for event_id in twice])


def _unheard(workload: Workload, run: Judged) -> list[str]:
    """Verdicts that did not change what came after them."""
    records = Counter((incident["subject_id"], incident["prior_incidents"]) for incident in run.incidents.values())
    complaints = [f"a verdict was sent back: {reason}" for reason in run.rejected]
    for actor, says, repeated_by in workload.answered:
        once_more = (actor, 1) if repeated_by == actor else (repeated_by, 0)
        if records[once_more] != (says == "upheld") or records[actor, 0] != 1:
            complaints.append(f"{actor} was {says}, and then of {repeated_by} there is {records[once_more]}")
    return _shortened("verdicts", complaints)


# --- what racing may come to --------------------------------------------------------------------------------------------


def _racing_mistakes(workload: Workload, run: Judged) -> list[str]:
    """Findings about racing actors that no order explains."""
    found = _joined(run, Kind.RACING)
    strangers = _strangers_judged(run)
    wrong, explained = [], Counter[tuple[str, frozenset[str]]]()
    for accounts in workload.racing_campaigns:
        explained[_CAMPAIGN, accounts] = 1
    for member in workload.racing_reports:
        explained["reported_by_members", frozenset([member])] = 1
    for asker in workload.askers:
        counted = strangers(asker)
        least, most = _hashed(asker.certain), _hashed(asker.certain | asker.racing)
        if not least <= counted <= most:
            wrong.append(f"{asker.actor}: strangers were lost or made up")
        if len(counted) >= _LIMIT:
            explained["mass_messaging", frozenset([asker.actor])] = 1
    return wrong + _differ("racing (rule, members)", explained.items(), found.items())


def _strangers_judged(run: Judged) -> Callable[[Asker], frozenset[bytes]]:
    """Whom an asker's messages reached as strangers, in the order in which workers met messages and acceptances."""
    members: defaultdict[str, set[bytes]] = defaultdict(set)
    for _, tag, sealed, _, _, those in run.windows:
        if tag == _STRANGERS:
            members[_PSEUDONYMS.unseal(sealed).partition("/")[0]].update(those)
    return lambda asker: frozenset(members[asker.actor])


def _hashed(members: frozenset[str]) -> frozenset[bytes]:
    return frozenset(map(_PSEUDONYMS.member, members))


def _by_order(undisturbed: Judged, disturbed: Judged) -> list[str]:
    """Racing findings that are not the same to the letter, all of them explained (`_racing_mistakes`)."""

    def of(run: Judged) -> set[tuple[str, str, int]]:
        return {
            (incident["rule"], incident["subject_id"], incident["revision"])
            for incident in run.incidents.values()
            if kind_of(incident["subject_id"]) is Kind.RACING
        }

    return [" ".join(map(str, one)) for one in sorted(of(undisturbed) ^ of(disturbed))]


_PSEUDONYMS = Pseudonyms(PSEUDONYM_KEY.encode())
_POLICY = load_policy()
_PLAN = Plan(_POLICY)
_REMEMBERED = MICROSECONDS * int(_POLICY.memory.allowed_lateness) + min(
    signal.kept.stored.retained for plan in _PLAN.rules for signal in plan.signals
)
"""What every window holds, in microseconds."""
[_MASS_MESSAGING] = (plan for plan in _PLAN.rules if plan.rule.slug == "mass_messaging")
_STRANGERS = _PSEUDONYMS.key("window", *_MASS_MESSAGING.signals[0].kept.stored.name, "")[:TAG_BYTES]
_LIMIT = min(quota.reach for quota in _MASS_MESSAGING.policy.limits.strangers)
