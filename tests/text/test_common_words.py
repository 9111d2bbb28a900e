"""What the phrases of threats share with everyday texts: common words alone accuse nobody."""

from pathlib import Path

import yaml

from models.events import WrittenFields
from text.reading import read_writings

SAMPLES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("common_words.yaml").read_text(encoding="utf-8")
)


def heard(part: str) -> dict[str, bool]:
    """The texts, and whether each threatens or offends."""
    texts = [text for texts in SAMPLES[part].values() for text in texts]
    read = read_writings([(WrittenFields(text=text), None) for text in texts])
    found = [one.hostility for one in read]
    return {text: bool(one.threat or one.abuse) for text, one in zip(texts, found, strict=True)}


def test_common_words_accuse_nobody() -> None:
    assert [text for text, hostile in heard("harmless").items() if hostile] == []


def test_threats_in_such_words_are_heard() -> None:
    assert [text for text, hostile in heard("threats").items() if not hostile] == []
