"""Article 3, spam in forums: copies over threads, threads that exist already, and floods."""

import re
from collections.abc import Callable

from msgspec import Struct

from models.events import ForumPost
from rules.base import EventContext, Finding, Key, Rule, RuleInput
from rules.copies import (
    ORIGIN,
    UPHELD,
    copies,
    is_certain_copy,
    too_many_copies,
    where_copied,
    with_origin,
    with_upheld_copies,
)
from rules.measures import Measure, count, declare, distinct, event_as, too_many
from rules.quotas import Count, Duration, Quotas, Reached, Share


def _post(context: EventContext) -> ForumPost:
    return event_as(context, ForumPost)


def _thread(context: EventContext) -> tuple[str, ...]:
    return (f"{_post(context).forum_id}\n{_post(context).thread_id}",)


# --- copied_post -------------------------------------------------------------------------------------------------------


class CopiedPostLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Near-identical posts of one author: over how many threads, and how many at all (they may stand in one thread). An edit
    is no further post, but may bring a text into a further thread.

    Counted are posts that are at least `least_similarity` like the first, or have at least `least_characters`.
    `origin_window`: so far back it is looked who wrote the text first.
    """

    threads: Quotas
    posts: Quotas
    least_similarity: Share
    least_characters: Count
    origin_window: Duration


def _is_certain(context: EventContext, limits: CopiedPostLimits) -> bool:
    return is_certain_copy(context, limits.least_similarity, limits.least_characters)


def _is_posted(context: EventContext) -> bool:
    """Whether it is a post of its own: who talks about a post quotes it again and again."""
    return not _post(context).replaces and not context.repeated


def _certain(limits: CopiedPostLimits) -> str:
    return f"({limits.least_similarity}, {limits.least_characters})"


COPIES_IN_THREADS = Measure[CopiedPostLimits](
    "threads",
    lambda limits: where_copied(
        f"threads an actor posted a text in {_certain(limits)}",
        ForumPost,
        lambda context: _thread(context) if _is_certain(context, limits) else (),
    ),
    within=lambda limits: limits.threads,
)
COPIES_POSTED = Measure[CopiedPostLimits](
    "posts",
    lambda limits: copies(
        f"posts of a text by actor, without edits, {_certain(limits)}",
        ForumPost,
        lambda context: _is_posted(context) and _is_certain(context, limits),
    ),
    within=lambda limits: limits.posts,
)


def judge_copied_post(rule_input: RuleInput, limits: CopiedPostLimits) -> Finding | None:
    """The same text in several threads, or again and again in one; at once where people have upheld it before."""
    over, where = COPIES_IN_THREADS.reached(rule_input, limits), "threads"
    if not over:
        over, where = COPIES_POSTED.reached(rule_input, limits), "posts"

    def says(over: Reached) -> str:
        return f"Posted the same or nearly the same text in {over.result.count} {where}"

    return with_origin(rule_input, with_upheld_copies(rule_input, too_many_copies(rule_input, over, says)))


COPIED_POST = Rule(
    slug="copied_post",
    article=3,
    on=(ForumPost,),
    limits=CopiedPostLimits,
    signals=declare(COPIES_IN_THREADS, COPIES_POSTED, UPHELD, ORIGIN),
    judge=judge_copied_post,
    lists=("greetings", "courtesies"),
)

# --- duplicate_thread --------------------------------------------------------------------------------------------------

MIN_TITLE_CHARACTERS = 12
"""Titles shorter than this ("hello", "new project") say nothing about what a thread is about."""
_WORD = re.compile(r"\w+")


def _same_text(context: EventContext) -> Key | None:
    post = _post(context)
    is_repeated = post.opens_thread and not context.shares_footer
    return (post.forum_id, context.campaign.campaign_id) if is_repeated and context.campaign else None


def _same_title(context: EventContext) -> Key | None:
    post = _post(context)
    if not post.opens_thread or context.heading is None:
        return None
    # numbers tell threads apart ("Diary, day 1", "Diary, day 2"), punctuation does not
    title = " ".join(_WORD.findall(context.heading.undisguised))
    return (post.actor_id, post.forum_id, title) if len(title) >= MIN_TITLE_CHARACTERS else None


class DuplicateThreadLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Threads of one forum that open alike: with near-identical text (by anybody), or the same title (by one author)."""

    same_text: Quotas
    same_title: Quotas


def _opened(context: EventContext) -> tuple[str, ...]:
    return (_post(context).thread_id,)


SAME_TEXT = Measure[DuplicateThreadLimits](
    "same_text",
    distinct(
        "threads of a forum opened with a text",
        on=(ForumPost,),
        of=_opened,
        by=_same_text,
        history="a text that opens threads of a forum",
        needs=("copies",),
    ),
    within=lambda limits: limits.same_text,
)
SAME_TITLE = Measure[DuplicateThreadLimits](
    "same_title",
    distinct(
        "threads of a forum opened by actor with a title",
        on=(ForumPost,),
        of=_opened,
        by=_same_title,
        needs=("writing",),
    ),
    within=lambda limits: limits.same_title,
)


def judge_duplicate_thread(rule_input: RuleInput, limits: DuplicateThreadLimits) -> Finding | None:
    """A thread is opened that exists already in this forum."""
    by_text = SAME_TEXT.reached(rule_input, limits)
    over = by_text or SAME_TITLE.reached(rule_input, limits)
    if not over:
        return None
    campaign = rule_input.context.campaign if by_text else None
    what = "nearly the same opening text" if by_text else "the same title"
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.result,
        campaign_id=campaign.campaign_id if campaign else None,
        similarity=campaign.similarity if campaign else None,
        episode=(_post(rule_input.context).forum_id,),
        summary=f"Opened a thread that exists already: {over.result.count} threads of this forum have {what} "
        f"within {over.within}.",
    )


DUPLICATE_THREAD = Rule(
    slug="duplicate_thread",
    article=3,
    on=(ForumPost,),
    limits=DuplicateThreadLimits,
    signals=declare(SAME_TEXT, SAME_TITLE),
    judge=judge_duplicate_thread,
    lists=("greetings", "courtesies"),
)

# --- forum_flood -------------------------------------------------------------------------------------------------------


class ForumFloodLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Threads that one author posts in, and posts at all, without edits. A lively talk in one thread is no flood."""

    threads: Quotas
    posts: Quotas


THREADS = Measure[ForumFloodLimits](
    "threads",
    distinct(
        "threads posted in by actor, without edits",
        on=(ForumPost,),
        of=lambda context: () if _post(context).replaces else _thread(context),
    ),
    within=lambda limits: limits.threads,
)
POSTS = Measure[ForumFloodLimits](
    "posts",
    # who goes through old posts and mends them posts nothing
    count("posts by actor, without edits", on=(ForumPost,), of=lambda context: not _post(context).replaces),
    within=lambda limits: limits.posts,
)


def _says(what: str) -> Callable[[Reached], str]:
    return lambda over: (
        f"Posted {what.format(over.result.count)} within {over.within}; the limit is {over.quota.reach}."
    )


judge_forum_flood = too_many((THREADS, _says("in {} threads")), (POSTS, _says("{} times")))
"""One author all over the forum, or posting faster than people write."""
FORUM_FLOOD = Rule(
    slug="forum_flood",
    article=3,
    on=(ForumPost,),
    limits=ForumFloodLimits,
    signals=declare(THREADS, POSTS),
    judge=judge_forum_flood,
)

RULES = (COPIED_POST, DUPLICATE_THREAD, FORUM_FLOOD)
