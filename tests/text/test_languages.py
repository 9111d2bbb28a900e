"""The lists of each language: whose they are, and what is said of a mistake in one."""

import pytest

from text.courtesies import weigh
from text.hostility.lexicon import CLASSES
from text.languages import KINDS, ListError, convert_list, kinds_of_lists, read_lists
from text.languages.detector import OURS
from text.normalise_letters import _Phrases

BESIDES = {"sh", "nb", "be", "ca", "eu", "und"}
"""Bosnian, Croatian and Serbian together; Bokmål, which the detector calls `no`; languages that only letters are read in."""


def test_every_folder_is_of_languages_that_the_network_knows() -> None:
    assert kinds_of_lists().keys() <= {*OURS, *BESIDES}


def test_a_folder_has_lists_of_known_kinds_only() -> None:
    from importlib.resources import files

    for folder in files("text.languages").iterdir():
        if folder.is_dir() and folder.name[0] != "_":
            assert folder.name == "+".join(sorted(folder.name.split("+")))
            assert {one.name for one in folder.iterdir()} <= {f"{kind}.yaml" for kind in KINDS}


def test_the_readme_names_every_class_and_kind() -> None:
    from importlib.resources import files

    readme = files("text.languages").joinpath("README.md").read_text("utf-8")
    for name in (*CLASSES, *(f"{kind}.yaml" for kind in KINDS)):
        assert f"| `{name}` |" in readme


def test_languages_that_share_a_list_are_read_with_it() -> None:
    assert kinds_of_lists()["nb"]["trade"] == kinds_of_lists()["da"]["trade"] == "da+nb"
    assert "da+nb" in read_lists("trade", dict[str, str])
    [said] = weigh(["takk for hjelpen"])
    assert said.substance < len("takkforhjelpen")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("greet: hi\nclose: [bye]", "xx/greetings.yaml: greet: found str, expected array"),
        ("greet: [hi, 3]\nclose: [bye]", "xx/greetings.yaml: greet[1]: found int, expected str"),
        ("greet: [hi]\nclose: [bye]\nhug: [x]", "xx/greetings.yaml: hug: unknown, expected greet, close"),
        ("greet: [hi]\ngreet: [ho]\nclose: [bye]", "xx/greetings.yaml: greet: stands twice, expected each name once"),
        ("greet: [hi", "xx/greetings.yaml: not YAML: "),
        ("", "xx/greetings.yaml: the file: found nothing, expected object"),
    ],
)
def test_a_mistake_is_told_with_its_place(source: str, told: str) -> None:
    with pytest.raises(ListError) as error:
        convert_list("xx/greetings.yaml", source, _Phrases)
    assert str(error.value).startswith(told)
