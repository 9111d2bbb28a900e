"""How often texts of public programs are accused: sentences nobody wrote to hurt, in every language, from many hands.

    python -m benchmarks.interface_strings PATH... [--held] [--errors] [--only CODE,CODE]
    python -m benchmarks.interface_strings PATH... --write [--only CODE,CODE]

Each PATH is a catalogue of translations (`.mo`, or `.json` with a text for each key) or a directory of them, such as
`/usr/share/locale` or what `dpkg-deb --extract` makes of a language pack. A catalogue's language is the last part of its path
that names one of ours. For each language it prints the texts, and those with a finding of article 7 (threat, abusive
language) and of commercial content, per 1,000. Two thirds are for tuning; --held takes the other third. --errors prints the
texts as well. --write counts both parts, and puts the rows of these languages into docs/detection.md; the others' stay.
"""

import argparse
import gettext
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.pages import DOCS, sections, with_section
from rules.commercial import CommercialContentLimits, sells
from rules.policy import load_policy
from text.hostility.lexicon import lexicon
from text.languages.detector import list_of
from text.reading import Writing, read_texts

SHORTEST, LONGEST = 8, 1_000
"""Characters. A shorter text is a label."""
MOST = 30_000
"""Texts a language; of more, those whose digest comes first."""
BATCH = 500


def language_of(path: Path) -> str | None:
    """The list that a catalogue's path names: `sh` for `hr/LC_MESSAGES/x.mo`, `pt` for `i18n/pt-br.json`."""
    lists = {language.code for language in lexicon().languages}
    for part in [path.name.split(".")[0], *reversed(path.parts[:-1])]:
        code = re.fullmatch(r"([a-z]{2})(?:[-_@].*)?", part.lower())
        if code and list_of(code[1]) in lists:
            return list_of(code[1])
    return None


def texts_of(path: Path) -> Iterator[str]:
    """All texts of a catalogue, without their keys."""
    if path.suffix == ".mo":
        with path.open("rb") as file:
            try:
                translations = gettext.GNUTranslations(file)
            except (OSError, UnicodeDecodeError, ValueError, LookupError):
                return  # not a catalogue, or in an encoding that nobody knows
        yield from (said for key, said in translations._catalog.items() if key and isinstance(said, str))  # type: ignore[attr-defined]
    else:
        yield from _strings(json.loads(path.read_bytes()))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not key.startswith("@"):
                yield from _strings(inner)


def collected(paths: list[Path], *, held: bool, only: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """The texts of each language, or of some, each once, in the order of their digests."""
    found: dict[str, dict[bytes, str]] = defaultdict(dict)
    for root in paths:
        for path in [root] if root.is_file() else [p for p in root.rglob("*") if p.suffix in {".mo", ".json"}]:
            if (language := language_of(path)) is None or (only and language not in only):
                continue
            for text in texts_of(path):
                folded = " ".join(text.replace("_", "").replace("&", "").split())
                digest = blake2b(folded.casefold().encode(errors="replace"), digest_size=8).digest()
                if SHORTEST <= len(folded) <= LONGEST and (digest[0] % 3 == 0) == held:
                    found[language][digest] = folded
    return {language: [texts[d] for d in sorted(texts)[:MOST]] for language, texts in sorted(found.items())}


class Accused(NamedTuple):
    """How many of a language's texts are accused, of threat, of abuse, of either of them, and of trade."""

    texts: int
    threat: int
    abuse: int
    article_7: int
    commercial: int

    def per_1000(self, found: int) -> str:
        """A share of the texts."""
        return f"{1_000 * found / self.texts:.2f}"


def accused(language: str, texts: list[str], *, errors: bool = False) -> Accused:
    """Read the texts; with `errors`, print those that are accused."""
    limits = load_policy().rules["commercial_content"].limits
    assert isinstance(limits, CommercialContentLimits)
    counts = Counter[str]()
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        writings = [Writing(text=reading, language=language) for reading in read_texts(batch)]
        for text, writing in zip(batch, writings, strict=True):
            hostility = writing.hostility
            kinds: list[str] = [kind for kind in (hostility.threat, hostility.abuse) if kind and not hostility.joked]
            counts["threat"] += hostility.threat in kinds
            counts["abuse"] += hostility.abuse in kinds
            counts["article 7"] += bool(kinds)
            if sells(writing.commerce(limits.harmless), limits):
                counts["commercial"] += 1
                kinds.append("commercial")
            if kinds and errors:
                print(f" {language}: {', '.join(kinds)}: {text} {hostility.words or ''}", flush=True)
    return Accused(len(texts), *(counts[name] for name in ("threat", "abuse", "article 7", "commercial")))


PAGE, SECTION = DOCS / "detection.md", "strings"
COMMAND = "python -m benchmarks.interface_strings CATALOGUES --write"
_PART = "| article 7 | of 1,000 | trade | of 1,000"
HEAD = (
    f"| list | texts, tuned {_PART} | texts, held back {_PART} | day |",
    "|---|" + "---:|" * 10 + "---|",
)


def row_of(language: str, parts: list[Accused]) -> str:
    """A row of the table in the page."""
    cells = [language]
    for one in parts:
        cells += [f"{one.texts:,}", str(one.article_7), one.per_1000(one.article_7)]
        cells += [str(one.commercial), one.per_1000(one.commercial)]
    return f"| {' | '.join(cells)} | {datetime.now(UTC).date()} |"


def write(rows: list[str]) -> None:
    """Put the rows into the page, in place of those of the same lists."""
    page = PAGE.read_text("utf-8")
    before = next((one.text for one in sections(page) if one.name == SECTION), "")
    of_list = {row.split("|")[1].strip(): row for row in [*before.splitlines(), *rows] if row.startswith("| ")}
    of_list.pop("list", None)
    lines = [f"`{COMMAND}`:", "", *HEAD, *(of_list[code] for code in sorted(of_list))]
    PAGE.write_text(with_section(page, SECTION, lines), "utf-8")


def main() -> int:
    """Print a line a language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--held", action="store_true", help="the third that nobody looks at while tuning")
    parser.add_argument("--errors", action="store_true", help="print the texts that are accused")
    parser.add_argument("--only", metavar="CODE,CODE", default="", help="these lists alone")
    parser.add_argument("--write", action="store_true", help="count both parts, and write the table in docs")
    options = parser.parse_args()
    only = frozenset(filter(None, options.only.split(",")))
    print(f"{'language':<10}{'texts':>8}{'threat':>8}{'abuse':>8}{'of 1,000':>10}{'commercial':>12}{'of 1,000':>10}")
    counted: dict[str, list[Accused]] = defaultdict(list)
    for held in (False, True) if options.write else (options.held,):
        for language, texts in collected(options.paths, held=held, only=only).items():
            one = accused(language, texts, errors=options.errors and not (held and options.write))
            counted[language].append(one)
            print(
                f"{language:<10}{one.texts:>8,}{one.threat:>8}{one.abuse:>8}{one.per_1000(one.article_7):>10}"
                f"{one.commercial:>12}{one.per_1000(one.commercial):>10}",
                flush=True,
            )
    if options.write:
        write([row_of(language, parts) for language, parts in counted.items() if len(parts) == 2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
