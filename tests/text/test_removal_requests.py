"""Who asks to have a number removed, in each language with a list, and who publishes one with the same words."""

from itertools import chain
from pathlib import Path

import pytest
import yaml

from models.events import WrittenFields
from text.languages import kinds_of_lists
from text.reading import read_writings

SAMPLES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("removal_requests.yaml").read_text("utf-8")
)


def requests(kind: str) -> list[tuple[str, bool]]:
    """The texts of a kind, each with whether it asks for removal of what somebody else published."""
    texts = list(chain.from_iterable(SAMPLES[kind].values()))
    writings = read_writings([(WrittenFields(text=one), None) for one in texts])
    return [(text, one.asks_for_removal and one.tells_of_leak) for text, one in zip(texts, writings, strict=True)]


def test_who_asks_to_remove_a_number_is_understood() -> None:
    assert [text for text, asked in requests("asks") if not asked] == []


def test_who_publishes_a_number_asks_for_no_removal() -> None:
    assert [text for text, asked in requests("publishes") if asked] == []


@pytest.mark.parametrize("kind", ["asks", "publishes"])
def test_each_language_with_a_list_of_threats_has_samples(kind: str) -> None:
    shared, without = {"sh"}, {"ko"}  # Croatian and Serbian; docs/languages.md says what has no list
    threatening = {code for code, kinds in kinds_of_lists().items() if "hostility" in kinds}
    assert threatening - SAMPLES[kind].keys() <= shared | without
    assert not without & {code for code, kinds in kinds_of_lists().items() if "removals" in kinds}
