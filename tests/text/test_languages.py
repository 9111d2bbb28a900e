"""The lists of each language: whose they are, and what is said of a mistake in one."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from py3langid import langid

import text.languages
from tests.servers import REPOSITORY
from text.commerce import _lexicon
from text.courtesies import _courtesies, weigh
from text.hostility.lexicon import CLASSES, lexicon
from text.languages import KINDS, NAMES, ListError, convert_list, entries, kinds_of_lists, lists_of, read_lists
from text.languages.detector import OURS, _detector, list_of
from text.normalise_letters import _languages as greetings
from text.normalise_letters import _Phrases
from text.parts import _warning_words
from text.personal_data.marks import lexicon as surroundings
from text.personal_data.owners import _languages
from text.personal_data.words import number_words

BESIDES = {"sh", "und"}
"""Bosnian, Croatian and Serbian together; any language."""


def test_every_folder_is_of_known_languages() -> None:
    assert kinds_of_lists().keys() <= NAMES.keys() | BESIDES


def test_the_detector_knows_languages_by_the_codes_of_the_lists() -> None:
    assert {list_of(code) for code in OURS} <= NAMES.keys() | BESIDES


def test_the_detector_ranks_our_languages_as_py3langid_does() -> None:
    theirs = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)
    theirs.set_languages(OURS)
    samples = "\n".join(path.read_text("utf-8") for path in (REPOSITORY / "tests" / "text").glob("*.yaml")).split("\n")
    for said in [*samples[::9], "", "12", "ÄRGER IST DAS", "nai\u0308f", "\ud800 x"]:
        ranked = _detector().rank(said)
        assert [language for language, _ in ranked] == [language for language, _ in theirs.rank(said)], said
    assert len(samples) > 1_000


def test_every_list_of_threats_is_asked_for_some_language() -> None:
    folders = {code for code, kinds in kinds_of_lists().items() if "hostility" in kinds}
    assert folders <= {list_of(code) for code in OURS}, "name it in OURS of text/languages/detector.py"


def test_a_language_is_read_with_its_own_lists_or_those_that_it_shares() -> None:
    assert lists_of("hr")["hostility"] == "sh"
    assert lists_of("hr")["trade"] == "hr"
    assert lists_of("nn") == lists_of("nb")
    assert lists_of("ja").keys() == {"hostility", "numbers", "removals", "trade", "warnings"}
    assert set(lists_of("ja").values()) == {"ja"}


@pytest.mark.parametrize(
    ("kind", "load"),
    [
        ("hostility", lexicon.__wrapped__),
        ("trade", _lexicon.__wrapped__),
        ("surroundings", surroundings.__wrapped__),
        ("removals", surroundings.__wrapped__),
        ("owners", _languages.__wrapped__),
        ("numbers", number_words.__wrapped__),
        ("warnings", _warning_words.__wrapped__),
        ("greetings", greetings.__wrapped__),
        ("courtesies", _courtesies.__wrapped__),
    ],
)
def test_no_list_may_have_an_unknown_field(
    kind: str, load: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mt").mkdir()
    file = tmp_path / "mt" / f"{kind}.yaml"
    monkeypatch.setattr(text.languages, "_folders", lambda: [tmp_path / "mt"])
    whole = files("text.languages").joinpath("de", f"{kind}.yaml").read_text("utf-8")
    file.write_text(whole, "utf-8")
    load()
    file.write_text(f"{whole}\nhugs: embrace\n", "utf-8")
    with pytest.raises(ListError, match=rf"^mt/{kind}\.yaml: hugs: unknown, expected "):
        load()


def test_entries_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, source, count in (
        ("hostility", "grammar: {reach: 4}\ni: a, b c,\nyou: d\n", 3),
        ("greetings", "greet: [a, b]\nclose: [c, d e]\n", 4),
        ("courtesies", "words: a b\n", 2),
    ):
        (tmp_path / f"{kind}.yaml").write_text(source, "utf-8")
        monkeypatch.setattr(text.languages, "files", lambda _: tmp_path.parent)
        assert entries.__wrapped__(tmp_path.name, kind) == count


def test_a_folder_has_lists_of_known_kinds_only() -> None:
    for folder in files("text.languages").iterdir():
        if folder.is_dir() and folder.name[0] != "_":
            assert folder.name == "+".join(sorted(folder.name.split("+")))
            assert {one.name for one in folder.iterdir()} <= {f"{kind}.yaml" for kind in KINDS}


def test_the_readme_names_every_class_and_kind() -> None:
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
