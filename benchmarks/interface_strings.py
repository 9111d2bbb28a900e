"""How often texts of public programs are accused: sentences nobody wrote to hurt, in every language, from many hands.

    python -m benchmarks.interface_strings PATH... [--held] [--errors]

Each PATH is a catalogue of translations (`.mo`, or `.json` with a text for each key) or a directory of them, such as
`/usr/share/locale` or what `dpkg-deb --extract` makes of a language pack. A catalogue's language is the last part of its path
that names one of ours. For each language it prints the texts, and those with a finding of article 7 (threat, abusive
language) and of commercial content, per 1,000. Two thirds are for tuning; --held takes the other third. --errors prints the
texts as well.
"""

import argparse
import gettext
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

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


def collected(paths: list[Path], *, held: bool) -> dict[str, list[str]]:
    """The texts of each language, each once, in the order of their digests."""
    found: dict[str, dict[bytes, str]] = defaultdict(dict)
    for root in paths:
        for path in [root] if root.is_file() else [p for p in root.rglob("*") if p.suffix in {".mo", ".json"}]:
            if (language := language_of(path)) is None:
                continue
            for text in texts_of(path):
                folded = " ".join(text.replace("_", "").replace("&", "").split())
                digest = blake2b(folded.casefold().encode(errors="replace"), digest_size=8).digest()
                if SHORTEST <= len(folded) <= LONGEST and (digest[0] % 3 == 0) == held:
                    found[language][digest] = folded
    return {language: [texts[d] for d in sorted(texts)[:MOST]] for language, texts in sorted(found.items())}


def main() -> int:
    """Print a line a language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--held", action="store_true", help="the third that nobody looks at while tuning")
    parser.add_argument("--errors", action="store_true", help="print the texts that are accused")
    parser.add_argument("--only", metavar="CODE", help="this language alone")
    options = parser.parse_args()
    limits = load_policy().rules["commercial_content"].limits
    assert isinstance(limits, CommercialContentLimits)
    print(f"{'language':<10}{'texts':>8}{'threat':>8}{'abuse':>8}{'of 1,000':>10}{'commercial':>12}{'of 1,000':>10}")
    for language, texts in collected(options.paths, held=options.held).items():
        if options.only and language != options.only:
            continue
        counts = Counter[str]()
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            writings = [Writing(text=reading, language=language) for reading in read_texts(batch)]
            for text, writing in zip(batch, writings, strict=True):
                hostility = writing.hostility
                kinds: list[str] = [
                    kind for kind in (hostility.threat, hostility.abuse) if kind and not hostility.joked
                ]
                counts["threat"] += hostility.threat in kinds
                counts["abuse"] += hostility.abuse in kinds
                counts["article 7"] += bool(kinds)
                if sells(writing.commerce(limits.harmless), limits):
                    counts["commercial"] += 1
                    kinds.append("commercial")
                if kinds and options.errors:
                    print(f"{language}: {', '.join(kinds)}: {text} {hostility.words or ''}")
        words, trade = (1_000 * counts[name] / len(texts) for name in ("article 7", "commercial"))
        row = f"{language:<10}{len(texts):>8,}{counts['threat']:>8}{counts['abuse']:>8}{words:>10.2f}"
        print(f"{row}{counts['commercial']:>12}{trade:>10.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
