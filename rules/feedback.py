"""What people's verdicts change: strikes and the ladder, silence after a dismissal, remembered campaigns, reporters' records.

The limits are the policy's section `feedback`; docs/feedback.md tells the whole loop.
"""

from typing import Annotated

from msgspec import Meta, Struct

from models.incidents import Action, Severity
from rules.quotas import Count, Duration

ACTIONS: tuple[Action, ...] = ("review", "warn", "restrict", "ban_review")
"""What may be proposed, the gravest last."""
UNKNOWN_RECORD = 1.0
"""What the report of a member weighs of whose earlier reports nothing is known."""

Weight = Annotated[int, Meta(ge=0, le=1_000)]


class StrikeWeights(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an upheld incident weighs, by its severity."""

    low: Weight
    medium: Weight
    high: Weight
    critical: Weight

    def of(self, severity: Severity) -> int:
        """The weight of one severity."""
        weight: int = getattr(self, severity)
        return weight


class Strikes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An upheld incident counts against its subject for `period` from when it happened."""

    period: Duration
    weights: StrikeWeights


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `strikes` of accumulated weight on, a new incident is proposed at least this."""

    strikes: Count
    recommended_action: Action


class Suppression(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After a dismissal the rule is silent about the subject for `period`, unless it finds `graver` times the level that
    was dismissed.
    """

    period: Duration
    graver: Annotated[float, Meta(gt=1)]


class SuppressionByRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`usual` for every rule that `rules` does not name; null there: the rule is never silent."""

    usual: Suppression
    rules: dict[str, Suppression | None]

    def of(self, slug: str) -> Suppression | None:
        """What applies to one rule."""
        return self.rules.get(slug, self.usual)


class CampaignMemory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Texts of upheld incidents of `rules` are known for `period`, where they belong to a campaign."""

    period: Duration
    rules: frozenset[str]


class Reporters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reporter's record reaches back `memory`. A report is about an incident of the same member within `near` of it. The
    share of upheld ones is smoothed as if `upheld` and `dismissed` reports had been judged before the first.
    """

    memory: Duration
    near: Duration
    upheld: Annotated[float, Meta(ge=0.1, le=1_000)]
    dismissed: Annotated[float, Meta(ge=0.1, le=1_000)]

    def weight(self, upheld: int, dismissed: int) -> float:
        """What a report weighs: the smoothed share of upheld ones, in terms of that of a reporter without a record."""
        share = (upheld + self.upheld) / (upheld + dismissed + self.upheld + self.dismissed)
        return UNKNOWN_RECORD * share * (self.upheld + self.dismissed) / self.upheld


class Feedback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people's verdicts change."""

    strikes: Strikes
    ladder: tuple[Step, ...]
    suppression: SuppressionByRule
    campaigns: CampaignMemory
    reporters: Reporters

    @property
    def verdicts_kept(self) -> int:
        """Seconds after which no verdict has an effect any more, the memory of campaigns aside."""
        silences = [self.suppression.usual, *(one for one in self.suppression.rules.values() if one)]
        return max(self.strikes.period, self.reporters.memory, *(silence.period for silence in silences))


def at_least(action: Action, strikes: int, ladder: tuple[Step, ...]) -> Action:
    """The action, or what the ladder proposes for so much accumulated weight, whichever is graver."""
    reached = [step.recommended_action for step in ladder if strikes >= step.strikes]
    return max((action, *reached), key=ACTIONS.index)
