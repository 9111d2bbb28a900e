"""The policy: which rules are in force, their limits, and what follows from a finding. Loaded from YAML, checked exactly.

Every rule stands in the file, with `mode: off` where it is not wanted, so that a policy never depends on what a newer
version adds silently. Errors name the place, what was found and what is expected.
"""

import re
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta, Struct, field

from models.incidents import Action, Severity, Statement
from rules.base import Rule
from rules.quotas import Duration, Share
from rules.registry import all_rules
from state.store import StoreLimits

RuleMode = Literal["live", "shadow", "off"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


class PolicyError(ValueError):
    """A policy that cannot be used. The message has one line for each mistake."""


class Memory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long and how exactly the past is kept."""

    allowed_lateness: Duration
    longest_downtime: Duration
    campaign_generation: Duration
    copy_similarity: Share

    def store_limits(self) -> StoreLimits:
        """The same as the store wants it."""
        return StoreLimits(
            grace=int(self.longest_downtime),
            generation=int(self.campaign_generation),
            lateness=int(self.allowed_lateness),
            similarity_threshold=self.copy_similarity,
        )


class Escalation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `level` times the limit on, the finding weighs more."""

    level: Annotated[float, Meta(gt=1)]
    severity: Severity
    recommended_action: Action


class Legal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the statement of reasons names."""

    category: Annotated[str, Meta(min_length=1)]
    ground: Annotated[str, Meta(min_length=1)]

    def statement(self) -> Statement:
        """The incident's statement."""
        return Statement(category=self.category, ground=self.ground)


class RulePolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule's part of the policy. `limits` are those of the rule's own type."""

    mode: RuleMode
    severity: Severity
    recommended_action: Action
    limits: Any
    statement: Legal
    exempt_roles: frozenset[str] = frozenset()
    escalation: tuple[Escalation, ...] = ()
    episode_gap: Duration = Duration(86_400)
    growth: Annotated[float, Meta(gt=1)] = 1.5

    def weight(self, level: float) -> tuple[Severity, Action]:
        """Severity and recommended action of a finding that reaches `level` times its limit."""
        weight = (self.severity, self.recommended_action)
        for step in sorted(self.escalation, key=lambda step: step.level):
            if level >= step.level:
                weight = (step.severity, step.recommended_action)
        return weight


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    memory: Memory
    rules: dict[str, dict[str, Any]]


class Policy(Struct, frozen=True, kw_only=True, dict=True):
    """A checked policy: every known rule with its settings."""

    memory: Memory
    rules: dict[str, RulePolicy] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """A hash of everything in it that has an effect; comments and layout have none."""
        return sha256(msgspec.json.encode(self.to_builtins(), order="deterministic")).hexdigest()[:16]

    def to_builtins(self) -> dict[str, Any]:
        """The effective policy as plain values, fit for YAML and JSON."""
        written: dict[str, Any] = _written_durations(self, msgspec.to_builtins(self, enc_hook=str, order="sorted"))
        return written


def load_policy(path: Path | None = None) -> Policy:
    """Read and check a policy file; without a path, the one that twinwatch ships. Raises `PolicyError`."""
    name = str(path) if path else "the packaged policy"
    try:
        source = path.read_text("utf-8") if path else files("rules").joinpath("policy.yaml").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{name}: cannot be read: {error}") from error
    return parse_policy(source, name)


def parse_policy(source: str, name: str = "policy") -> Policy:
    """Check a policy given as YAML text. Raises `PolicyError`; `name` opens each of its lines."""
    try:
        loaded = yaml.load(source, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise PolicyError(f"{name}: not YAML: {' '.join(str(error).split())}") from error
    file = _converted(loaded, _File, "", name)
    known = all_rules()
    mistakes = [
        f"{name}: rules.{slug}: unknown rule; known are {', '.join(known)}" for slug in file.rules if slug not in known
    ] + [
        f"{name}: rules.{slug}: missing; every rule is named, with mode: off where it is not wanted"
        for slug in known
        if slug not in file.rules
    ]
    rules = {}
    for slug, rule in known.items():
        if slug in file.rules:
            try:
                rules[slug] = _rule_policy(file.rules[slug], rule, name)
            except PolicyError as error:
                mistakes.append(str(error))
    if mistakes:
        raise PolicyError("\n".join(mistakes))
    return Policy(memory=file.memory, rules=rules)


def _rule_policy(loaded: dict[str, Any], rule: Rule[Any], name: str) -> RulePolicy:
    place = f"rules.{rule.slug}"
    settings: RulePolicy = _converted(loaded, RulePolicy, place, name)
    limits = _converted(settings.limits, rule.limits, f"{place}.limits", name)
    weights = [SEVERITIES.index(severity) for severity in _severities(settings)]
    if weights != sorted(weights):
        raise PolicyError(f"{name}: {place}.escalation: a higher level has a lower severity: {_severities(settings)}")
    return msgspec.structs.replace(settings, limits=limits)


def _severities(settings: RulePolicy) -> list[Severity]:
    return [settings.severity, *(s.severity for s in sorted(settings.escalation, key=lambda step: step.level))]


def _converted(value: Any, wanted: type[Any], place: str, name: str) -> Any:
    try:
        return msgspec.convert(value, wanted, dec_hook=_decode_duration)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        path = path.rstrip("`").removeprefix("$").removeprefix(".")
        where = ".".join(part for part in (place, path) if part) or "the file"
        raise PolicyError(f"{name}: {where}: {message}{_found(value, path)}") from error


def _found(value: Any, path: str) -> str:
    """What stands at `path`, for a message that does not say so itself."""
    if "[...]" in path:
        return ""
    for part in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError):
            return ""
    return "" if isinstance(value, dict | list) else f", found {value!r}"


def _decode_duration(wanted: type[Any], value: Any) -> Any:
    if wanted is Duration:
        return Duration.parse(value)
    raise NotImplementedError(f"no way to read a {wanted}")


def _written_durations(original: Any, plain: Any) -> Any:
    """`plain` with every Duration of `original` as it is written in a policy: msgspec takes an int subclass for an int."""
    if isinstance(original, Duration):
        return str(original)
    if isinstance(original, Struct):
        return {name: _written_durations(getattr(original, name), plain[name]) for name in plain}
    if isinstance(original, dict):
        return {key: _written_durations(original[key], item) for key, item in plain.items()}
    if isinstance(original, tuple):
        return [_written_durations(one, item) for one, item in zip(original, plain, strict=True)]
    return plain


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML lets a later key silently replace an earlier one; a policy must not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands here twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
