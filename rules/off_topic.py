"""Article 3, posts off the thread's subject: in shadow, because the sign is weak.

All that is seen is that a long post with a link shares no word with its thread's title. Answers to an answer are like that
too, and answers in another language. What it is worth is told by the verdicts of those who look at it.
"""

import re
import unicodedata
from collections import Counter

from msgspec import Struct

from models.events import ForumPost, thread_of
from rules.base import EventContext, Finding, Rule, RuleInput
from rules.measures import Measure, declare, distinct
from rules.quotas import Count, Quotas, counted, measured
from text.courtesies import weigh
from text.normalise_lookalikes import script_of

STEM_LETTERS = 4
"""Words are compared by so many first letters, whatever their endings. Shorter ones are articles and prepositions."""
_WORD = re.compile(r"[^\W\d_]+")


class OffTopicPostLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Threads in which one author posted off their subject.

    Looked at are posts with a link, of at least `post_words` words that say something, under titles of at least `title_words`.
    """

    threads: Quotas
    post_words: Count
    title_words: Count


def _stems(undisguised: str) -> frozenset[str]:
    """The first letters of the longer words, without accents and courtesies."""
    letters = unicodedata.normalize("NFD", undisguised)
    words = _WORD.findall("".join(letter for letter in letters if not unicodedata.combining(letter)))
    longer = [word for word in words if len(word) >= STEM_LETTERS]
    return frozenset(word[:STEM_LETTERS] for word, said in zip(longer, weigh(longer), strict=True) if said.substance)


def _is_off_topic(context: EventContext, limits: OffTopicPostLimits) -> bool:
    if (
        not isinstance(context.event, ForumPost)
        or context.event.opens_thread
        or not context.heading
        or not context.text
        or not context.text.links
    ):
        return False
    title, text = _stems(context.heading.undisguised), _stems(context.text.undisguised)
    enough = len(title) >= limits.title_words and len(text) >= limits.post_words
    return enough and title.isdisjoint(text) and _script(title) == _script(text)


def _script(stems: frozenset[str]) -> str:
    """The script of most of them: links bring Latin letters into texts of every script."""
    counts = Counter(script_of(stem[0]) for stem in stems)
    return max(counts, key=lambda script: (counts[script], script))


THREADS = Measure[OffTopicPostLimits](
    "threads",
    lambda limits: distinct(
        "threads an actor posted in off their subject",
        on=(ForumPost,),
        of=lambda context: thread_of(context.event) if _is_off_topic(context, limits) else (),
        needs=("writing",),
    ),
    within=lambda limits: limits.threads,
)


def judge_off_topic_post(rule_input: RuleInput, limits: OffTopicPostLimits) -> Finding | None:
    """A long post with a link that has no word in common with the title above it."""
    over = THREADS.reached(rule_input, limits)
    if not over or not rule_input.context.text:
        return None
    words = len(_stems(rule_input.context.text.undisguised))
    return Finding(
        level=over.level,
        measurements=(*over.measurements, measured("shared_words", 0, 1)),
        evidence=over.result,
        summary=f"Posted links in {counted(over.result.count, 'thread')} within {over.within}, in texts that share no word "
        f"with the thread's title (the latest has {words} words that say something); a weak sign of being off the subject.",
    )


OFF_TOPIC_POST = Rule(
    slug="off_topic_post",
    of_text=True,
    article=3,
    on=(ForumPost,),
    limits=OffTopicPostLimits,
    signals=declare(THREADS),
    judge=judge_off_topic_post,
    lists=("courtesies",),
)

RULES = (OFF_TOPIC_POST,)
