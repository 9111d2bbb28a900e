"""The shipped policy is sound, and every mistake in a policy gets one line that an administrator can act on."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.plan import Plan
from models.incidents import Action
from rules.policy import SEVERITIES, Policy, PolicyError, load_policy, parse_policy
from rules.registry import all_rules
from rules.track_record import Record

PACKAGED = files("rules").joinpath("policy.yaml").read_text("utf-8")
GOLDEN: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "policy_mistakes.yaml").read_text("utf-8"))
ACTIONS: tuple[Action, ...] = ("review", "warn", "restrict", "ban_review")


def _step(holder: Any, part: str) -> Any:
    return holder[int(part)] if isinstance(holder, list) else holder[part]


def changed(place: str, value: Any, *, remove: bool = False, source: str = PACKAGED) -> str:
    """The packaged policy with one place changed, as YAML."""
    policy = yaml.safe_load(source)
    *above, last = place.split(".")
    holder = policy
    for part in above:
        holder = _step(holder, part)
    if remove:
        del holder[last]
    else:
        holder[int(last) if isinstance(holder, list) else last] = value
    return yaml.safe_dump(policy)


def _source(mistake: dict[str, Any]) -> str:
    if "text" in mistake:
        return str(mistake["text"])
    if "remove" in mistake:
        return changed(mistake["remove"], None, remove=True)
    source = PACKAGED
    for place, value in mistake["change"].items():
        source = changed(place, value, source=source)
    return source


# --- mistakes


@pytest.mark.parametrize("mistake", GOLDEN, ids=lambda mistake: mistake["name"])
def test_a_mistake_is_told_exactly(mistake: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(_source(mistake), "policy.yaml")
    says = mistake["says"].replace("{rules}", ", ".join(all_rules())).strip()
    assert str(caught.value) == "\n".join(f"policy.yaml: {line}" for line in says.splitlines())


@pytest.mark.parametrize("source", ["[" * 1_000_000, "- " * 1_000_000, "{a: " * 1_000_000])
def test_deep_nesting_is_told(source: str) -> None:
    with pytest.raises(PolicyError, match="policy: not YAML: nested too deeply"):
        parse_policy(source)


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.yaml", tmp_path):
        with pytest.raises(PolicyError, match="cannot be read") as caught:
            load_policy(path)
        assert str(path) in str(caught.value)
        assert "Errno" not in str(caught.value)
    (tmp_path / "latin.yaml").write_bytes("# für".encode("latin-1"))
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "latin.yaml")


# --- the shipped policy


def test_every_rule_is_in_force_and_can_be_planned() -> None:
    policy = load_policy()
    assert list(policy.rules) == list(all_rules())
    assert len(Plan(policy).rules) == len(all_rules())


def test_a_longer_window_allows_more() -> None:
    """Else the quota of the shorter one would never be the one that is reached."""
    for slug, rule in load_policy().rules.items():
        for name in rule.limits.__struct_fields__:
            quotas = getattr(rule.limits, name)
            if isinstance(quotas, tuple):
                by_window = sorted(quotas, key=lambda quota: quota.window)
                reaches = [quota.reach for quota in by_window]
                assert reaches == sorted(set(reaches)), (slug, name)


def test_a_graver_breach_is_never_proposed_to_be_taken_more_lightly() -> None:
    for slug, rule in load_policy().rules.items():
        weights = [rule.weight(level) for level in (1, 1.5, 2, 3, 5, 10, 100)]
        ranks = [(SEVERITIES.index(severity), ACTIONS.index(action)) for severity, action in weights]
        assert ranks == sorted(ranks), slug


def test_windows_over_texts_reach_no_further_back_than_texts_are_remembered() -> None:
    policy = load_policy()
    same_text = policy.rules["duplicate_thread"].limits.same_text
    authors = policy.rules["coordinated_campaign"].limits.authors
    assert max(quota.window for quota in (*same_text, *authors)) <= policy.memory.campaign_generation


# --- what loading does


@pytest.mark.parametrize("word", ["off", '"off"', "'off'"])
def test_off_is_a_word(word: str) -> None:
    policy = parse_policy(PACKAGED.replace("mode: live", f"mode: {word}", 1))
    assert policy.rules["mass_messaging"].mode == "off"
    assert "mass_messaging" not in [plan.rule.slug for plan in Plan(policy).rules]


def test_weights_follow_the_level() -> None:
    rule = load_policy().rules["mass_messaging"]
    weights = {level: rule.weight(level) for level in (1.0, 1.99, 2.0, 4.9, 5.0, 50.0)}
    assert weights == {
        1.0: ("medium", "review"),
        1.99: ("medium", "review"),
        2.0: ("high", "warn"),
        4.9: ("high", "warn"),
        5.0: ("critical", "restrict"),
        50.0: ("critical", "restrict"),
    }


def test_a_policy_written_out_is_the_same_policy() -> None:
    policy = load_policy()
    again = parse_policy(yaml.safe_dump(policy.to_builtins()))
    assert again == policy
    assert again.version == policy.version


def test_the_version_changes_with_the_record_that_words_alone_are_judged_by(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = load_policy()
    before = policy.version
    records = {"threat": {"de": Record(right=1, wrong=1, sources=("sample",))}}
    monkeypatch.setattr("rules.policy.track_record", lambda: records)
    again = load_policy()
    assert again == policy
    assert again.version != before


def test_the_version_changes_with_what_has_an_effect_and_with_nothing_else() -> None:
    def version(source: str) -> str:
        policy: Policy = parse_policy(source)
        return policy.version

    original = version(PACKAGED)
    assert version("# another comment\n" + PACKAGED) == original
    assert version(PACKAGED.replace("window: 24h", "window: 1440m")) == original
    assert version(yaml.safe_dump(yaml.safe_load(PACKAGED))) == original
    for place, value in {
        "rules.mass_messaging.limits.strangers.0.reach": 21,
        "rules.mass_messaging.limits.strangers.0.window": "2h",
        "rules.mass_messaging.mode": "shadow",
        "rules.copied_post.exempt_roles": ["nso"],
        "rules.copied_post.statement.ground": "another",
        "memory.copy_similarity": 0.61,
        "memory.allowed_lateness": "7h",
        "feedback.strikes.period": "181d",
        "feedback.suppression.rules.threat": {"period": "1d", "graver": 2},
        "feedback.campaigns.rules": ["copied_post"],
    }.items():
        assert version(changed(place, value)) != original, place
