"""Article 3, spam in forums: copies over threads, threads that exist already, and floods."""

import re
from collections.abc import Iterable

from msgspec import Struct

from models.events import ForumPost
from rules.base import Case, Fact, Finding, Key, Rule, Signal, Window, by_subject
from rules.copies import (
    at_author_and_text,
    copies_by_author,
    is_certain_copy,
    too_many_copies,
    upheld_signal,
    with_upheld_copies,
)
from rules.quotas import Count, Quotas, Reached, Share, quota_signals, reached


def _post(fact: Fact) -> ForumPost:
    assert isinstance(fact.event, ForumPost)
    return fact.event


# --- copied_post -------------------------------------------------------------------------------------------------------


class CopiedPostLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Near-identical posts of one author: over how many threads, and how many at all (they may stand in one thread). An edit
    is no further post, but may bring a text into a further thread.

    Counted are posts that are at least `least_similarity` like the first, or have at least `least_characters`.
    """

    threads: Quotas
    posts: Quotas
    least_similarity: Share
    least_characters: Count


def _copied_post_signals(limits: CopiedPostLimits) -> dict[str, Signal]:
    counted = f"({limits.least_similarity}, {limits.least_characters})"

    def copies(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
        key = at_author_and_text(fact, fact.event.actor_id)
        if key and is_certain_copy(fact, limits.least_similarity, limits.least_characters):
            post = _post(fact)
            yield key, (f"{post.forum_id}\n{post.thread_id}",)

    def posted(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
        # who talks about a post quotes it again and again
        return () if _post(fact).replaces or fact.repeated else copies(fact)

    threads = copies_by_author(f"threads an actor posted a text in {counted}", ForumPost, copies)
    posts = copies_by_author(f"posts of a text by actor, without edits, {counted}", ForumPost, posted, distinct=False)
    return (
        quota_signals("threads", threads, limits.threads)
        | quota_signals("posts", posts, limits.posts)
        | upheld_signal()
    )


def judge_copied_post(case: Case, limits: CopiedPostLimits) -> Finding | None:
    """The same text in several threads, or again and again in one; at once where people have upheld it before."""
    over, where = reached("threads", limits.threads, case.readings), "threads"
    if not over:
        over, where = reached("posts", limits.posts, case.readings), "posts"

    def says(over: Reached) -> str:
        return f"Posted the same or nearly the same text in {over.reading.count} {where}"

    return with_upheld_copies(case, too_many_copies(case, over, says))


COPIED_POST = Rule(
    slug="copied_post",
    article=3,
    on=(ForumPost,),
    limits=CopiedPostLimits,
    signals=_copied_post_signals,
    judge=judge_copied_post,
    lists=("greetings", "courtesies"),
)

# --- duplicate_thread --------------------------------------------------------------------------------------------------

MIN_TITLE_CHARACTERS = 12
"""Titles shorter than this ("hello", "new project") say nothing about what a thread is about."""
_WORD = re.compile(r"\w+")


def _same_text(fact: Fact, _: str) -> Key | None:
    post = _post(fact)
    return (post.forum_id, fact.campaign.campaign_id) if post.opens_thread and fact.campaign else None


def _same_title(fact: Fact, subject: str) -> Key | None:
    post = _post(fact)
    if not post.opens_thread or fact.heading is None:
        return None
    # numbers tell threads apart ("Diary, day 1", "Diary, day 2"), punctuation does not
    title = " ".join(_WORD.findall(fact.heading.undisguised))
    return (subject, post.forum_id, title) if len(title) >= MIN_TITLE_CHARACTERS else None


def _opened_with_text(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if key := _same_text(fact, ""):
        yield key, (_post(fact).thread_id,)


def _opened_with_title(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if key := _same_title(fact, fact.event.actor_id):
        yield key, (_post(fact).thread_id,)


THREADS_OPENED_WITH_TEXT = Window(
    name="threads of a forum opened with a text",
    on=(ForumPost,),
    entries=_opened_with_text,
    at=_same_text,
    history="a text that opens threads of a forum",
)
THREADS_OPENED_WITH_TITLE = Window(
    name="threads of a forum opened by actor with a title", on=(ForumPost,), entries=_opened_with_title, at=_same_title
)


class DuplicateThreadLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Threads of one forum that open alike: with near-identical text (by anybody), or the same title (by one author)."""

    same_text: Quotas
    same_title: Quotas


def _duplicate_thread_signals(limits: DuplicateThreadLimits) -> dict[str, Signal]:
    return quota_signals("same_text", THREADS_OPENED_WITH_TEXT, limits.same_text) | quota_signals(
        "same_title", THREADS_OPENED_WITH_TITLE, limits.same_title
    )


def judge_duplicate_thread(case: Case, limits: DuplicateThreadLimits) -> Finding | None:
    """A thread is opened that exists already in this forum."""
    by_text = reached("same_text", limits.same_text, case.readings)
    over = by_text or reached("same_title", limits.same_title, case.readings)
    if not over:
        return None
    campaign = case.fact.campaign if by_text else None
    what = "nearly the same opening text" if by_text else "the same title"
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        campaign_id=campaign.campaign_id if campaign else None,
        similarity=campaign.similarity if campaign else None,
        episode=(_post(case.fact).forum_id,),
        summary=f"Opened a thread that exists already: {over.reading.count} threads of this forum have {what} "
        f"within {over.within}.",
    )


DUPLICATE_THREAD = Rule(
    slug="duplicate_thread",
    article=3,
    on=(ForumPost,),
    limits=DuplicateThreadLimits,
    signals=_duplicate_thread_signals,
    judge=judge_duplicate_thread,
    lists=("greetings", "courtesies"),
)

# --- forum_flood -------------------------------------------------------------------------------------------------------


def _posted(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    """Who goes through old posts and mends them posts nothing."""
    if not _post(fact).replaces:
        yield (fact.event.actor_id,), (f"{_post(fact).forum_id}\n{_post(fact).thread_id}",)


THREADS_POSTED_IN = Window(
    name="threads posted in by actor, without edits", on=(ForumPost,), entries=_posted, at=by_subject
)
POSTS = Window(
    name="posts by actor, without edits",
    on=(ForumPost,),
    distinct=False,
    entries=lambda fact: [(key, ()) for key, _ in _posted(fact)],
    at=by_subject,
)


class ForumFloodLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Threads that one author posts in, and posts at all, without edits. A lively talk in one thread is no flood."""

    threads: Quotas
    posts: Quotas


def _forum_flood_signals(limits: ForumFloodLimits) -> dict[str, Signal]:
    return quota_signals("threads", THREADS_POSTED_IN, limits.threads) | quota_signals("posts", POSTS, limits.posts)


def judge_forum_flood(case: Case, limits: ForumFloodLimits) -> Finding | None:
    """One author all over the forum, or posting faster than people write."""
    over, what = reached("threads", limits.threads, case.readings), "in {} threads"
    if not over:
        over, what = reached("posts", limits.posts, case.readings), "{} times"
    if not over:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        summary=f"Posted {what.format(over.reading.count)} within {over.within}; the limit is {over.quota.reach}.",
    )


FORUM_FLOOD = Rule(
    slug="forum_flood",
    article=3,
    on=(ForumPost,),
    limits=ForumFloodLimits,
    signals=_forum_flood_signals,
    judge=judge_forum_flood,
)

RULES = (COPIED_POST, DUPLICATE_THREAD, FORUM_FLOOD)
