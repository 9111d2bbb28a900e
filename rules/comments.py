"""Article 4, comments on posts and profiles: the same comment to several members."""

from msgspec import Struct

from models.events import Comment
from rules.base import EventContext, Finding, Rule, RuleInput
from rules.copies import ORIGIN, UPHELD, too_many_copies, where_copied, with_origin, with_upheld_copies
from rules.measures import Measure, declare, event_as
from rules.quotas import Duration, Quotas, Reached


def _owner(context: EventContext) -> tuple[str, ...]:
    comment = event_as(context, Comment)
    return (comment.owner_id,) if comment.owner_id != comment.actor_id else ()


class CopiedCommentLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct members on whose pages one author left near-identical comments. `origin_window`: so far back it is looked who
    wrote them first.
    """

    owners: Quotas
    origin_window: Duration


OWNERS = Measure[CopiedCommentLimits](
    "owners",
    where_copied("owners an actor left a comment with", Comment, _owner),
    within=lambda limits: limits.owners,
)


def judge_copied_comment(rule_input: RuleInput, limits: CopiedCommentLimits) -> Finding | None:
    """The same comment on the pages of several members; on one's own page it harms nobody. At once, and anywhere, where
    people have upheld it before.
    """
    return with_origin(
        rule_input,
        with_upheld_copies(rule_input, too_many_copies(rule_input, OWNERS.reached(rule_input, limits), _says)),
    )


def _says(over: Reached) -> str:
    return f"Left the same or nearly the same comment with {over.result.count} members"


COPIED_COMMENT = Rule(
    slug="copied_comment",
    article=4,
    on=(Comment,),
    limits=CopiedCommentLimits,
    signals=declare(OWNERS, UPHELD, ORIGIN),
    judge=judge_copied_comment,
    lists=("greetings", "courtesies"),
)

RULES = (COPIED_COMMENT,)
