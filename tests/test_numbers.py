"""Numbers that pages tell are those of the code."""

import re

import pytest

from agents import budget, journey
from agents.settings import Settings
from agents.topics import TOPICS
from engine import engine
from models.events import VERDICTS
from models.incidents import MAX_EXCERPT_CHARACTERS
from rules.policy import load_policy
from state.limits import StoreLimits
from tests.servers import REPOSITORY
from text import commerce, hostility, html, likeness, masking, names, normalise, personal_data
from text.personal_data import accounts, addresses, emails, marks, national_ids, phones, pupils

DOCS = REPOSITORY / "docs"
SETTINGS = Settings()
STORE = StoreLimits()

LIMITS: dict[str, list[int | float]] = {
    "records of a batch": [SETTINGS.batch_max_records],
    "cost of a batch": [budget.LEAST, budget.MOST],
    "attempts to judge one record": [journey.ATTEMPTS],
    "bytes of a record": [SETTINGS.max_event_bytes],
    "recipients of an event |": [SETTINGS.max_recipients],
    "seconds ahead of the wall clock": [SETTINGS.max_clock_skew_seconds],
    "questions remembered of one asker": [STORE.ties_per_member],
    "recipients of an event whom": [engine.MOST_REMEMBERED],
    "new incidents of one event": [STORE.episodes_per_event],
    "visible characters": [normalise.HEAD_CHARACTERS, normalise.TAIL_CHARACTERS],
    "tags looked at": [html.MAX_TAGS],
    "attributes of a tag": [html.MAX_ATTRIBUTES, html.MAX_STYLE_CHARACTERS],
    "characters in place of a picture": [html.MAX_ALTERNATIVE],
    "numbers judged as telephone numbers": [
        phones.MAX_JUDGED,
        phones.MAX_LOOKUPS,
        national_ids.MAX_CANDIDATES,
        accounts._MAX_IBAN_CANDIDATES,
        addresses.MAX_CANDIDATES,
        emails.MAX_ANCHORS,
    ],
    "personal data of a kind": [personal_data.MAX_FOUND],
    "data of which it is asked": [personal_data.MAX_ASKED],
    "words around personal data": [marks.MAX_MARKS, pupils.MAX_NAMES],
    "characters of a name": [names.MAX_NAME_CHARACTERS],
    "letters of a text that are kept": [likeness.MAX_LETTERS],
    "words with a hostile meaning": [hostility.MOST_MEANINGS],
    "places of one sign of selling": [commerce.MAX_SPANS],
    "characters of an excerpt": [MAX_EXCERPT_CHARACTERS, masking.READ_CHARACTERS],
}
"""By how a row of a table of limits begins: what its second column tells, number by number."""


@pytest.mark.parametrize("begins", LIMITS)
def test_limits_are_told_as_they_are(begins: str) -> None:
    page = (DOCS / "reliability.md").read_text(encoding="utf-8")
    (value,) = re.findall(
        rf"^\| {re.escape(begins.removesuffix(' |'))}{' ' if begins.endswith('|') else '[^|]*'}\|([^|]*)\|",
        page,
        re.MULTILINE,
    )
    told = [float(number.replace(",", "")) for number in re.findall(r"(?<![\w_])\d[\d,]*(?:\.\d+)?", value)]
    assert told == LIMITS[begins]


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (
            "security.md",
            r"Kafka keeps events for {activity.messages} days, dead letters \(with the original bytes\) for "
            r"{activity.dead-letters}, incidents for {incidents}, verdicts for {incidents.verdicts}",
        ),
        ("runbook.md", r"as long as Kafka keeps the records \({activity.messages} days\)"),
        ("feedback.md", r"the topic keeps them \({incidents.verdicts} days\)"),
    ],
)
def test_how_long_topics_are_kept_is_told_as_it_is(page: str, sentence: str) -> None:
    days = {topic.name: topic.retention_days for topic in TOPICS}
    assert VERDICTS in days
    wanted = re.sub(r"\{([a-z.-]+)\}", lambda found: str(days[found[1]]), sentence)
    text = " ".join((DOCS / page).read_text(encoding="utf-8").split())
    assert re.search(wanted, text), wanted


def test_what_verdicts_change_is_told_as_the_shipped_policy_has_it() -> None:
    feedback = load_policy(None).feedback
    weights, usual, reporters = feedback.strikes.weights, feedback.suppression.usual, feedback.reporters
    page = " ".join((DOCS / "feedback.md").read_text(encoding="utf-8").split())

    def days(length: int) -> str:
        return f"({length / 86_400:g} days)"

    for told in (
        f"`strikes.period` {days(feedback.strikes.period)}",
        f"(`strikes.weights`: {weights.low}, {weights.medium}, {weights.high}, {weights.critical})",
        f"`suppression.usual.period` {days(usual.period)}",
        f"`graver` ({usual.graver:g}) times",
        f"`campaigns.period` {days(feedback.campaigns.period)}",
        f"`reporters.near` {days(reporters.near)}",
        f"`reporters.memory` {days(reporters.memory)}",
        f"`upheld` and `dismissed` both {reporters.upheld:g}",
    ):
        assert told in page, told
    assert reporters.upheld == reporters.dismissed
    ladder = re.findall(r"\| (\d+) \| `(\w+)` \|", page)
    assert ladder == [(str(step.strikes), step.recommended_action) for step in feedback.ladder]
    for rule in feedback.campaigns.rules:
        assert f"`{rule}`" in page
    never = " and ".join(f"`{rule}`" for rule, silence in feedback.suppression.rules.items() if silence is None)
    assert f"`null` never silences one: {never}" in page


def curve(name: str) -> dict[int, float]:
    """Points of a curve of the script that looks for campaigns: letters, and how much has to agree there."""
    script = (REPOSITORY / "state" / "lua" / "campaigns.lua").read_text(encoding="utf-8")
    (points,) = re.findall(rf"^local {name} = \{{(.*)\}}$", script, re.MULTILINE)
    return {int(letters): float(share) for letters, share in re.findall(r"\{(\d+), ([\d.]+)\}", points)}


def test_from_where_on_texts_are_copies_is_told_as_it_is() -> None:
    words, pairs, runs = curve("OF_WORDS"), curve("OF_PAIRS"), dict(likeness._OF_WORDS)
    low, high = (share for _, share in likeness._OF_LETTERS)
    page = " ".join((DOCS / "near-duplicates.md").read_text(encoding="utf-8").split())
    for told in (
        f"{load_policy(None).memory.copy_similarity:g} of the shingles (`copy_similarity` in the policy",
        f"({words[60]:.2f} of the words at 60 letters, {words[110]:.2f} at 110, {words[220]:.2f} from 220 on; "
        f"{pairs[70]:.2f} of the pairs at 70, {pairs[130]:.2f} at 130, {pairs[220]:.2f} from 220 on)",
        f"under {likeness.SHORT_LETTERS} letters, letter by letter: {low:.2f} to {high:.2f} of them",
        f"*s + r/2* of {runs[60]:.2f} at 60 letters, {runs[100]:.2f} at 100, {runs[230]:.2f} at 230",
        f"the first {likeness.MAX_LETTERS} letters of its words",
        f"A sentence or line of {likeness.SENTENCE_LETTERS} letters or more",
        f"less than {likeness.LEAST_REST} letters are left",
    ):
        assert told in page, told
    assert max(words) == max(pairs) == 220
    assert likeness._SCATTERED == 1 / 2
