"""When near-identical texts are copies beyond doubt."""

from rules.base import Fact


def is_certain_copy(fact: Fact, least_similarity: float, least_characters: int) -> bool:
    """Whether the text is so like the one that its campaign began with, or so long, that the likeness is no coincidence.

    Short texts of one matter share many of their few words: headlines of one event, announcements of one series.
    """
    if not fact.campaign or not fact.text:
        return False
    return fact.campaign.similarity >= least_similarity or len(fact.text.normalised) >= least_characters
