"""How many threats are heard in each language, and how many harmless texts that look like them are accused.

    python -m benchmarks.threat_set [--errors] [--print]

Reads the small set beside it (`threat_set.yaml`), and writes `rules/heard.yaml`: by list of words, for the half that served
to choose words and for the half that was held back, the threats and the harmless texts, and those of each with a finding of
article 7. Where a language falls short (`rules.track_record.Heard`), its findings are told in shadow; `twinwatch languages
--markdown` shows the counts. --errors prints the texts of the tuned half that are misread, --print the file instead of
writing it.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from models.events import WrittenFields
from rules.track_record import HEARD_FILE, Heard, HeardByList, written_heard
from text.languages.detector import list_of
from text.reading import read_writings

SET = Path(__file__).with_suffix(".yaml")


class Sample(NamedTuple):
    """A text of the set. `part` is "tuned" or "held"."""

    code: str
    text: str
    hostile: bool
    part: str


def samples() -> Iterator[Sample]:
    """The set, each text under the list of words by which its language is read."""
    for code, kinds in yaml.safe_load(SET.read_text("utf-8")).items():
        for kind, texts in kinds.items():
            for number, text in enumerate(texts):
                yield Sample(list_of(code), text, kind == "hostile", "held" if number % 2 else "tuned")


def count(errors: list[Sample] | None = None) -> HeardByList:
    """What is found in the set, by list. Samples of the tuned half that are misread are added to `errors`."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    all_samples = list(samples())
    writings = read_writings([(WrittenFields(text=one.text), None) for one in all_samples])
    for one, writing in zip(all_samples, writings, strict=True):
        hostility = writing.hostility
        found = bool(hostility.threat or hostility.abuse) and not hostility.joked
        counted = counts.setdefault((one.code, one.part), Counter())
        counted["threats" if one.hostile else "harmless"] += 1
        counted["found" if one.hostile else "accused"] += found
        if errors is not None and found != one.hostile and one.part == "tuned":
            errors.append(one)
    heard: HeardByList = {}
    for (code, part), counted in counts.items():
        heard.setdefault(code, {})[part] = Heard(**{name: counted[name] for name in Heard.__struct_fields__})
    return heard


def main() -> None:
    """Count, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="print the texts of the tuned half that are misread")
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the file instead")
    options = parser.parse_args()
    errors: list[Sample] = []
    told = written_heard(count(errors))
    for one in errors if options.errors else ():
        print(one.code, "missed" if one.hostile else "accused", one.text)
    if options.only_print:
        print(told, end="")
    else:
        (Path(__file__).parents[1] / HEARD_FILE).write_text(told, "utf-8")


if __name__ == "__main__":
    main()
