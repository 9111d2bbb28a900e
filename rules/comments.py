"""Article 4, comments on posts and profiles: the same comment to several members."""

from collections.abc import Iterable

from msgspec import Struct

from models.events import Comment
from rules.base import Case, Fact, Finding, Key, Rule, Signal
from rules.copies import at_author_and_text, copies_by_author, too_many_copies, upheld_signal, with_upheld_copies
from rules.quotas import Quotas, Reached, quota_signals, reached


def _owners(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    comment = fact.event
    assert isinstance(comment, Comment)
    key = at_author_and_text(fact, comment.actor_id)
    if key and comment.owner_id != comment.actor_id:
        yield key, (comment.owner_id,)


OWNERS_COMMENTED = copies_by_author("owners an actor left a comment with", Comment, _owners)


class CopiedCommentLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct members on whose pages one author left near-identical comments."""

    owners: Quotas


def _signals(limits: CopiedCommentLimits) -> dict[str, Signal]:
    return quota_signals("owners", OWNERS_COMMENTED, limits.owners) | upheld_signal()


def judge_copied_comment(case: Case, limits: CopiedCommentLimits) -> Finding | None:
    """The same comment on the pages of several members; on one's own page it harms nobody. At once, and anywhere, where
    people have upheld it before.
    """
    over = reached("owners", limits.owners, case.readings)
    return with_upheld_copies(case, too_many_copies(case, over, _says))


def _says(over: Reached) -> str:
    return f"Left the same or nearly the same comment with {over.reading.count} members"


COPIED_COMMENT = Rule(
    slug="copied_comment",
    article=4,
    on=(Comment,),
    limits=CopiedCommentLimits,
    signals=_signals,
    judge=judge_copied_comment,
    lists=("greetings", "courtesies"),
)

RULES = (COPIED_COMMENT,)
