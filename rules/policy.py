"""The policy: which rules are in force, their limits, and what follows from a finding. Loaded from YAML, checked exactly.

Every rule stands in the file, with `mode: off` where it is not wanted, so that a policy never depends on what a newer
version adds silently. Errors name the place, what was found and what is expected.
"""

import re
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import yaml
from msgspec import Meta, Struct, field, inspect

from models.incidents import Action, Severity, Statement
from models.wording import alternatives, expected
from rules.base import Rule
from rules.feedback import ACTIONS, Feedback, Suppression
from rules.quotas import Duration, Quota, Share
from rules.registry import all_rules
from rules.track_record import heard, track_record
from state.limits import FeedbackLimits, StoreLimits
from text.languages import ListError
from text.reading import passages

RuleMode = Literal["live", "shadow", "off"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")

Category = Literal[
    "STATEMENT_CATEGORY_ANIMAL_WELFARE",
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN",
    "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    "STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE",
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
    "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    "STATEMENT_CATEGORY_SELF_HARM",
    "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
    "STATEMENT_CATEGORY_VIOLENCE",
]
"""What the DSA Transparency Database takes as `category` since July 2025 (its API documentation, "Category"): what was
STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE before is STATEMENT_CATEGORY_OTHER_VIOLATION_TC there now.
"""


class PolicyError(ValueError):
    """A policy that cannot be used. The message has one line for each mistake."""


class Memory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long and how exactly the past is kept.

    `allowed_lateness`: how much later than its neighbours an event may come and still be counted exactly.
    `longest_downtime`: how much longer than their windows events are remembered, for a backlog.
    `campaign_generation`: a text that nobody repeats is forgotten after one to two of these. `copy_similarity`: the
    share of equal slots from which long texts are copies whatever their words are. `acquaintance`: how long two
    members know each other after the one turned to the other.
    """

    allowed_lateness: Duration
    longest_downtime: Duration
    campaign_generation: Duration
    copy_similarity: Share
    acquaintance: Duration

    def store_limits(self) -> StoreLimits:
        """The same as the store wants it."""
        return StoreLimits(
            grace=int(self.longest_downtime),
            tie_ttl=int(self.acquaintance),
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

    category: Category
    ground: Annotated[str, Meta(min_length=1)]

    def statement(self) -> Statement:
        """The incident's statement."""
        return Statement(category=self.category, ground=self.ground)


class RulePolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule's part of the policy. `limits` are those of the rule's own type.

    `severity` and `recommended_action` are those at the limit; from `escalation` on, at so many times the limit, others.
    Members with one of `exempt_roles` are not judged by it. An episode ends when nothing was found for `episode_gap`;
    within it a revision is told when it has grown by the factor `growth`. `daily_cap`: live incidents that the rule
    opens on one day of event time (UTC), at most. What it finds beyond goes into shadow.
    """

    mode: RuleMode
    severity: Severity
    recommended_action: Action
    limits: Any
    statement: Legal
    exempt_roles: frozenset[str] = frozenset()
    escalation: tuple[Escalation, ...] = ()
    episode_gap: Duration = Duration(86_400)
    growth: Annotated[float, Meta(gt=1)] = 1.5
    daily_cap: Annotated[int, Meta(ge=1, le=1_000_000)] = 2_000

    def weight(self, level: float) -> tuple[Severity, Action]:
        """Severity and recommended action of a finding that reaches `level` times its limit."""
        weight = (self.severity, self.recommended_action)
        for step in sorted(self.escalation, key=lambda step: step.level):
            if level >= step.level:
                weight = (step.severity, step.recommended_action)
        return weight


Passage = Annotated[str, Meta(min_length=1, max_length=10_000)]
Boilerplate = Annotated[tuple[Passage, ...], Meta(max_length=1_000)]


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    memory: Memory
    boilerplate: Boilerplate = ()
    feedback: Any
    rules: dict[str, Any]


class Policy(Struct, frozen=True, kw_only=True, dict=True):
    """A checked policy: every known rule with its settings. `boilerplate` are texts whose sentences are nobody's own."""

    memory: Memory
    boilerplate: Boilerplate = ()
    feedback: Feedback
    rules: dict[str, RulePolicy] = field(default_factory=dict)

    def store_limits(self) -> StoreLimits:
        """How long the store remembers, and how exactly."""
        feedback = FeedbackLimits(
            verdicts=self.feedback.verdicts_kept,
            texts=int(self.feedback.campaigns.period),
            records=int(self.feedback.reporters.memory),
            near=int(self.feedback.reporters.near),
        )
        return msgspec.structs.replace(self.memory.store_limits(), feedback=feedback)

    @cached_property
    def version(self) -> str:
        """A hash of everything that has an effect: what the policy says, without comments and layout, and what was measured of
        words alone (`rules.track_record`), so that an incident tells which of them it was judged by.
        """
        in_force = (self.to_builtins(), track_record(), heard())
        return sha256(msgspec.json.encode(in_force, order="deterministic")).hexdigest()[:16]

    def to_builtins(self) -> dict[str, Any]:
        """The effective policy as plain values, fit for YAML and JSON."""
        written: dict[str, Any] = _written_durations(self, msgspec.to_builtins(self, enc_hook=str, order="sorted"))
        return written


MAX_DEPTH: Final = 100
"""How deep a policy may be nested: enough for any, and far from what ends the reader of YAML."""


def load_policy(path: Path | None = None) -> Policy:
    """Read and check a policy file; without a path, the one that twinwatch ships. Raises `PolicyError`."""
    name = str(path) if path else "the packaged policy"
    try:
        source = path.read_text("utf-8") if path else files("rules").joinpath("policy.yaml").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise PolicyError(f"{name}: cannot be read: {why}") from error
    return parse_policy(source, name)


def parse_policy(source: str, name: str = "policy") -> Policy:
    """Check a policy given as YAML text. Raises `PolicyError`; `name` opens each of its lines."""
    try:
        if _depth(source) > MAX_DEPTH:
            raise PolicyError(f"{name}: not YAML: nested too deeply")
        loaded = yaml.load(source, Loader=_PolicyLoader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise PolicyError(f"{name}: not YAML: {_what_is_no_yaml(error)}") from error
    try:
        track_record(), heard()  # so that a mistake in them is told here, and not while events are judged
    except ListError as error:
        raise PolicyError(str(error)) from error
    try:
        return _policy(loaded)
    except PolicyError as error:
        raise PolicyError("\n".join(f"{name}: {mistake}" for mistake in str(error).splitlines())) from error


def _depth(source: str) -> int:
    """How deep lists and mappings stand in each other, up to one more than `MAX_DEPTH`. Raises yaml.YAMLError."""
    deepest = depth = 0
    for event in yaml.parse(source, Loader=_PolicyLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                break
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return deepest


def _what_is_no_yaml(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return " ".join(str(error).replace('in "<unicode string>", position', "at character").split())


def _policy(loaded: Any) -> Policy:
    file = _converted(loaded, _File, "")
    known = all_rules()
    feedback, mistakes = _feedback(file.feedback, list(known))
    mistakes += [
        f"boilerplate[{place}]: found {text!r}, expected words"
        for place, text in enumerate(file.boilerplate)
        if not passages([text])
    ]
    mistakes += [
        f"rules.{slug}: unknown rule; known are {', '.join(known)}" for slug in file.rules if slug not in known
    ]
    rules = {}
    for slug, rule in known.items():
        if slug not in file.rules:
            mistakes.append(f"rules.{slug}: missing; every rule is named, with mode: off where it is not wanted")
            continue
        try:
            rules[slug] = _rule_policy(file.rules[slug], rule)
        except PolicyError as error:
            mistakes.append(str(error))
    if mistakes or not feedback:
        raise PolicyError("\n".join(mistakes))
    return Policy(memory=file.memory, boilerplate=file.boilerplate, feedback=feedback, rules=rules)


def _feedback(loaded: Any, known: list[str]) -> tuple[Feedback | None, list[str]]:
    """The section, or what is wrong with it."""
    try:
        return _checked_feedback(loaded, known), []
    except PolicyError as error:
        return None, str(error).splitlines()


def _checked_feedback(loaded: Any, known: list[str]) -> Feedback:
    overrides = {}
    place = "feedback.suppression.rules"
    match loaded:
        case {"suppression": {"rules": {**written}}}:
            # one after the other, so that a mistake has the rule's name
            overrides = {slug: _converted(one, Suppression | None, f"{place}.{slug}") for slug, one in written.items()}  # type: ignore[arg-type]
            loaded = loaded | {"suppression": loaded["suppression"] | {"rules": {}}}
    feedback: Feedback = _converted(loaded, Feedback, "feedback")
    suppression = msgspec.structs.replace(feedback.suppression, rules=overrides)
    feedback = msgspec.structs.replace(feedback, suppression=suppression)
    mistakes = [
        f"{place}: unknown rule {slug!r}; known are {', '.join(known)}"
        for place, named in ((place, overrides), ("feedback.campaigns.rules", sorted(feedback.campaigns.rules)))
        for slug in named
        if slug not in known
    ]
    weights = [feedback.strikes.weights.of(severity) for severity in SEVERITIES]
    if weights != sorted(weights):
        told = ", ".join(map(str, weights))
        mistakes.append(
            f"feedback.strikes.weights: found {told} from low to critical, expected weights that never fall"
        )
    steps = [(step.strikes, ACTIONS.index(step.recommended_action)) for step in feedback.ladder]
    if any(after[0] <= before[0] or after[1] <= before[1] for before, after in pairwise(steps)):
        told = ", ".join(f"{step.recommended_action} from {step.strikes} on" for step in feedback.ladder)
        mistakes.append(f"feedback.ladder: found {told}, expected steps that take more strikes each and propose more")
    if mistakes:
        raise PolicyError("\n".join(mistakes))
    return feedback


def _rule_policy(loaded: Any, rule: Rule[Any]) -> RulePolicy:
    place = f"rules.{rule.slug}"
    settings: RulePolicy = _converted(loaded, RulePolicy, place)
    limits = _converted(settings.limits, rule.limits, f"{place}.limits")
    _check_windows(limits, f"{place}.limits")
    severities = [settings.severity, *(s.severity for s in sorted(settings.escalation, key=lambda step: step.level))]
    weights = [SEVERITIES.index(severity) for severity in severities]
    if weights != sorted(weights):
        raise PolicyError(
            f"{place}.escalation: found {', '.join(severities)} in the order of their levels, "
            f"expected severities that never fall"
        )
    return msgspec.structs.replace(settings, limits=limits)


def _check_windows(limits: Struct, place: str) -> None:
    """Two quotas of one window would answer for each other."""
    for name in limits.__struct_fields__:
        quotas = getattr(limits, name)
        if isinstance(quotas, tuple):
            windows = [str(quota.window) for quota in quotas if isinstance(quota, Quota)]
            if len(set(windows)) < len(windows):
                raise PolicyError(f"{place}.{name}: found the windows {', '.join(windows)}, expected each window once")


# --- mistakes in words -------------------------------------------------------------------------------------------------

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING_FIELD = re.compile(r"Object missing required field `(.*)`")


def _converted(value: Any, wanted: type[Any], place: str) -> Any:
    try:
        return msgspec.convert(value, wanted, dec_hook=_decode_duration)
    except msgspec.ValidationError as error:
        raise PolicyError(_mistake(str(error), value, wanted, place)) from error


def _mistake(message: str, value: Any, wanted: type[Any], place: str) -> str:
    """Msgspec's message with the place of it in the file, what stands there and what should."""
    message, _, path = message.partition(" - at `$")
    node: inspect.Type = inspect.type_info(wanted)
    for part in re.findall(r"[^.\[\]`]+", path):
        place = f"{place}[{part}]" if isinstance(value, list) else f"{place}.{part}"
        value, node = _inside(value, node, part)
    place = place.removeprefix(".")
    if unknown := _UNKNOWN_FIELD.match(message):
        return f"{_joined(place, unknown[1])}: unknown; known are {', '.join(_fields(node))}"
    if missing := _MISSING_FIELD.match(message):
        return f"{_joined(place, missing[1])}: missing, expected {expected(_fields(node)[missing[1]])}"
    return f"{place or 'the file'}: found {_found(value)}, expected {expected(node)}"


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _inside(value: Any, node: inspect.Type, part: str) -> tuple[Any, inspect.Type]:
    """The value and the type that stand under `part`, an index or a field's name."""
    kind = alternatives(node)[0]
    if isinstance(kind, inspect.VarTupleType | inspect.FrozenSetType):
        return value[int(part)], kind.item_type
    return value[part], _fields(kind)[part]


def _fields(node: inspect.Type) -> dict[str, inspect.Type]:
    kind = alternatives(node)[0]
    assert isinstance(kind, inspect.StructType)
    return {field.encode_name: field.type for field in kind.fields}


def _found(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case list():
            return f"an array of {len(value)}" if value else "an empty array"
        case dict():
            return "a mapping"
    return repr(value)


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


class _PolicyLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as people mean it: `off` is a word, and a later key does not silently replace an earlier one."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as its base has it
        first: [(tag, form) for tag, form in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                found = "an array or a mapping" if isinstance(key, list | dict) else f"{key!r}"
                raise yaml.constructor.ConstructorError(None, None, f"{found} is no name", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands here twice", key_node.start_mark)
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping
