"""How often rules that judge words alone were right, by language: counts that `benchmarks/track_record.py` writes; and how
many threats each language's list hears, and whom it accuses, of a small set that `benchmarks/threat_set.py` reads.

What follows from words alone is at most `review`, until a record in the language proves more; where the record is poor, or the
list falls short, the rule's findings are told in shadow by themselves.
"""

from functools import cache
from importlib.resources import files
from typing import Annotated

from msgspec import Meta, Struct

from models.incidents import Action, Severity
from text.languages import NAMES, ListError, convert_list

RECORDED = frozenset({"threat", "abusive_language", "commercial_content"})
"""The rules whose findings by words have a record in each language."""

PROVEN_FINDINGS, PROVEN_PRECISION = 100, 0.99
"""So many findings, and so large a share of them right, prove that more may follow than `review`."""
POOR_FINDINGS, POOR_PRECISION = 20, 0.8
"""From so many findings on, a smaller share of them right is poor."""
FILE = "rules/track_record.yaml"
HEARD_SHARE, ACCUSED_SHARE = 0.6, 0.03
"""A list that hears a smaller share of the threats of the set falls short, and so does one that accuses a larger share of its
harmless texts. One text of so few says nothing, so that it takes two.
"""
HEARD_FILE = "rules/heard.yaml"
HEARD_RULES = frozenset({"threat", "abusive_language"})
"""The rules that the set is about."""

Count = Annotated[int, Meta(ge=0)]


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of one rule's findings by one language's words, on the texts of `sources`."""

    right: Count
    wrong: Count
    sources: Annotated[tuple[str, ...], Meta(min_length=1)]

    @property
    def findings(self) -> int:
        """How many there were."""
        return self.right + self.wrong

    @property
    def precision(self) -> float | None:
        """The share that was right; None where nothing was found."""
        return self.right / self.findings if self.findings else None

    @property
    def is_proven(self) -> bool:
        """Whether more than `review` may follow."""
        return self.findings >= PROVEN_FINDINGS and self.right >= PROVEN_PRECISION * self.findings

    @property
    def is_poor(self) -> bool:
        """Whether nobody should be bothered with such findings."""
        return self.findings >= POOR_FINDINGS and self.right < POOR_PRECISION * self.findings


class Heard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of so many `threats` of the set were `found`, and of so many `harmless` texts `accused`."""

    threats: Count
    found: Count
    harmless: Count
    accused: Count

    @property
    def falls_short(self) -> bool:
        """Whether too few are found, or too many accused."""
        return self.found < HEARD_SHARE * self.threats or (
            self.accused > 1 and self.accused > ACCUSED_SHARE * self.harmless
        )


HeardByList = dict[str, dict[str, Heard]]
"""By the list of words, then by the half of the set: "tuned" or "held"."""

Records = dict[str, dict[str, Record]]
"""By rule, then by the list of words: the name of its folder."""


def parse_records(source: str, rules: frozenset[str], name: str = FILE) -> Records:
    """Check a record; `rules` are those that judge words alone. Raises ListError."""
    records: Records = convert_list(name, source, Records)
    for slug, by_language in records.items():
        if slug not in rules:
            raise ListError(f"{name}: {slug}: unknown, expected one of {', '.join(sorted(rules))}")
        for code in by_language:
            if not NAMES.keys() | {"sh", "und"} >= set(code.split("+")):
                raise ListError(f"{name}: {slug}.{code}: unknown, expected one of {', '.join(NAMES)}, sh, und")
    return records


@cache
def track_record() -> Records:
    """The record that twinwatch ships. Raises ListError."""
    return parse_records(files("rules").joinpath("track_record.yaml").read_text("utf-8"), RECORDED)


@cache
def heard() -> HeardByList:
    """What was counted of the lists that twinwatch ships. Raises ListError."""
    return parse_heard(files("rules").joinpath("heard.yaml").read_text("utf-8"))


def parse_heard(source: str) -> HeardByList:
    """Check what was counted. Raises ListError."""
    found: HeardByList = convert_list(HEARD_FILE, source, HeardByList)
    for code, parts in found.items():
        if code not in NAMES.keys() | {"sh"}:
            raise ListError(f"{HEARD_FILE}: {code}: unknown, expected one of {', '.join(NAMES)}, sh")
        if parts.keys() != {"tuned", "held"}:
            raise ListError(f"{HEARD_FILE}: {code}: found {', '.join(parts) or 'nothing'}, expected tuned and held")
    return found


def all_heard(parts: dict[str, Heard]) -> Heard:
    """Both halves of the set together."""
    return Heard(
        **{name: sum(getattr(part, name) for part in parts.values()) for name in Heard.__struct_fields__},
    )


def falls_short(language: str) -> bool:
    """Whether a list hears too few threats of the set, or accuses too many of its harmless texts."""
    parts = heard().get(language)
    return parts is not None and all_heard(parts).falls_short


def is_told_in_shadow(rule: str, language: str) -> bool:
    """Whether what a rule finds by words of this language alone is told in shadow."""
    record = record_of(rule, language)
    return (record is not None and record.is_poor) or (rule in HEARD_RULES and falls_short(language))


def at_most_review(severity: Severity, action: Action, record: Record | None) -> tuple[Severity, Action]:
    """What may follow from words alone, given what the policy says."""
    if record and record.is_proven:
        return severity, action
    return ("high" if severity == "critical" else severity), "review"


def written_records(records: Records) -> str:
    """The file's text."""
    lines = [
        "# Written by `python -m benchmarks.track_record DATA...`: how often findings by words alone were right, by rule and",
        "# language; texts that were held back when words were chosen, counts only. What follows: rules/track_record.py.",
    ]
    for slug, by_language in sorted(records.items()):
        lines.append(f"{slug}:")
        for code, record in sorted(by_language.items()):
            lines.append(
                f'  "{code}": {{right: {record.right}, wrong: {record.wrong}, sources: [{", ".join(record.sources)}]}}'
            )
    return "\n".join([*lines, ""] if records else [*lines, "{}", ""])


def written_heard(counted: HeardByList) -> str:
    """The file's text."""
    lines = [
        "# Written by `python -m benchmarks.threat_set`: threats that each list of words hears, and harmless texts that it",
        "# accuses, of the texts in benchmarks/threat_set.yaml. What follows: rules/track_record.py.",
    ]
    for code, parts in sorted(counted.items()):
        lines.append(f'"{code}":')
        for part, one in sorted(parts.items(), reverse=True):
            figures = ", ".join(f"{name}: {getattr(one, name)}" for name in Heard.__struct_fields__)
            lines.append(f"  {part}: {{{figures}}}")
    return "\n".join([*lines, ""])


def record_of(rule: str, language: str) -> Record | None:
    """A rule's record in a language; None where nothing was measured."""
    return track_record().get(rule, {}).get(language)
