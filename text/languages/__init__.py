"""Everything that is known of each language, a folder a language; `README.md` beside this file says how to write it.

A folder is named by the language (BCP 47), or by those that are read with the same words: `da+nb`. `sh` is Croatian, Bosnian
and Serbian, `und` any language.
"""

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from text.languages.detector import list_of
from text.words import parse_list

KINDS = {
    "hostility": "threats and abuse, and what makes such words harmless",
    "trade": "signs of selling",
    "surroundings": "what makes a number somebody's own or an office's, and a name a child's",
    "removals": "how somebody asks that what others have published be removed",
    "owners": "whose a number or an address is",
    "numbers": "what says what a number is: a telephone's, a card's, an order's",
    "warnings": "how somebody warns of a text that is shown, and denies it",
    "greetings": "how letters begin and end",
    "courtesies": "words of politeness",
    "romanised": "how the language is typed in Latin letters",
}
"""The lists that a language may have, and what they are for: the names of the files in its folder."""

NAMES = {
    "ar": "Arabic",
    "az": "Azerbaijani",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "bs": "Bosnian",
    "ca": "Catalan",
    "cs": "Czech",
    "cy": "Welsh",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "ga": "Irish",
    "gl": "Galician",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "hy": "Armenian",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "ko": "Korean",
    "lb": "Luxembourgish",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "mk": "Macedonian",
    "mt": "Maltese",
    "nb": "Bokmål",
    "nl": "Dutch",
    "nn": "Nynorsk",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sq": "Albanian",
    "sr": "Serbian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}
"""The languages that may have lists (BCP 47), by their English names; besides them there are `sh` and `und`."""

T = TypeVar("T")


class ListError(ValueError):
    """A list that cannot be used: each line names the file and the place, what was found and what is expected."""


def _folders() -> list[Traversable]:
    return sorted(
        (one for one in files(__name__).iterdir() if one.is_dir() and one.name[0] != "_"), key=lambda one: one.name
    )


def read_lists(kind: str, shape: type[T]) -> dict[str, T]:
    """The lists of a kind (`KINDS`), by the name of their folder. Raises ListError where one has not this shape."""
    return {name: convert_list(f"{name}/{kind}.yaml", read, shape) for name, read in _sources(kind) if read is not None}


def read_list_in(folder: str, kind: str, shape: type[T]) -> T:
    """The list of a kind that a folder has. Raises ListError where it has not this shape."""
    source = files(__name__).joinpath(folder, f"{kind}.yaml").read_text("utf-8")
    return convert_list(f"{folder}/{kind}.yaml", source, shape)


def _sources(kind: str) -> list[tuple[str, str | None]]:
    return [(folder.name, _source(folder.joinpath(f"{kind}.yaml"))) for folder in _folders()]


def _source(file: Traversable) -> str | None:
    return file.read_text("utf-8") if file.is_file() else None


def convert_list(name: str, source: str, shape: type[T]) -> T:
    """What a list holds. Raises ListError."""
    try:
        listed = parse_list(source)
    except ValueError as error:
        raise ListError(f"{name}: {error}") from error
    try:
        return msgspec.convert(listed, shape)
    except msgspec.ValidationError as error:
        raise ListError(f"{name}: {_told(str(error), listed, shape)}") from error


_WRONG_TYPE = re.compile(
    r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`(?: - at (?:`key` in )?`\$\.?(?P<place>.*)`)?"
)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]+)`(?: - at `\$\.?(?P<place>.*)`)?")


def _told(message: str, listed: Any, shape: type[Any]) -> str:
    if wrong := _WRONG_TYPE.match(message):
        place = wrong["place"] or "the file"
        if place == "[...]" and isinstance(listed, dict):  # msgspec does not say which
            place = next((str(key) for key, value in listed.items() if not isinstance(value, str)), place)
        return f"{place}: found {wrong['found'].replace('null', 'nothing')}, expected {wrong['wanted']}"
    if unknown := _UNKNOWN.match(message):
        place = f"{unknown['place']}." if unknown["place"] else ""
        return f"{place}{unknown['name']}: unknown, expected {', '.join(_names(shape))}"
    return message


def _names(shape: type[Any]) -> list[str]:
    if get_origin(shape) is dict:
        return list(map(str, get_args(get_args(shape)[0])))
    return [field.encode_name for field in msgspec.structs.fields(shape)]


@cache
def kinds_of_lists() -> dict[str, dict[str, str]]:
    """For each language, which list it has of each kind: `{"da": {"trade": "da+nb", …}, …}`."""
    found: dict[str, dict[str, str]] = {}
    for folder in _folders():
        for code in folder.name.split("+"):
            kinds = found.setdefault(code, {})
            kinds |= {kind: folder.name for kind in KINDS if folder.joinpath(f"{kind}.yaml").is_file()}
    return found


def lists_of(code: str) -> dict[str, str]:
    """The folder whose list a language of `NAMES` is read with, by kind; kinds that it has no list of are not in it."""
    own = kinds_of_lists().get(code, {})
    shared = kinds_of_lists().get(list_of(code), {})
    return {kind: folder for kind in KINDS if (folder := own.get(kind) or shared.get(kind))}


@cache
def entries(folder: str, kind: str) -> int:
    """How many words and phrases a list has."""
    listed = read_list_in(folder, kind, dict[str, Any])
    part_by = None if kind == "courtesies" else ","
    if kind == "romanised":
        listed = (
            {name: listed.get(name, "") for name in ("signs", "typed")}
            | listed.get("hostility", {})
            | listed.get("trade", {})
        )
    return sum(_count(value, part_by) for value in listed.values())


def _count(value: Any, part_by: str | None) -> int:
    if isinstance(value, str):
        return sum(bool(entry.strip()) for entry in value.split(part_by))
    return len(value) if isinstance(value, list) else 0  # a mapping says how sentences are built
