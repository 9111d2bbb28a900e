"""What it takes to read a text and to judge its words, a stage at a time, and how that compares with other versions.

    python -m benchmarks.text_costs [--texts 10000] [--against PATH ...] [--json FILE]

Texts of `benchmarks.workload`, each read once, in batches as the engine reads them; the first fifth warms up. `--against` is
another checkout of this repository. All versions read the same texts, a batch each in turn, each in its own process, so that
ratios hold on a busy machine too. Microseconds of processor time a text.
"""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

STAGES = ("read", "hostility", "commerce", "personal_data", "pupils")
JUDGED = STAGES[1:]
BATCH = 500
READ_AT_ONCE = 80_000
SEEN_BY_OTHERS = 7, 3
"""Of so many texts so many are posts or comments, in which pupils may be named where others see it."""

Run = Callable[..., Any]
"""Calls a function with arguments, and counts what that takes for a stage."""


# --- in each version's own process: nothing of this repository but `text` and `rules` may be imported at the top -----------


def _pieces(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = length = 0
    for end, text in enumerate(texts, 1):
        length += len(text)
        if length >= READ_AT_ONCE or end == len(texts):
            yield texts[start:end]
            start, length = end, 0


def _is_seen_by_others(number: int) -> bool:
    of, some = SEEN_BY_OTHERS
    return number % of < some


def _today(texts: Sequence[str], harmless: frozenset[str], run: Run) -> None:
    """By the interfaces of this version."""
    reading = importlib.import_module("text.reading")
    fields = importlib.import_module("models.events").WrittenFields
    memo = importlib.import_module("text.words").WordMemo()
    number = 0
    for piece in _pieces(texts):
        written = [(fields(None, None, text), None) for text in piece]
        for one in run("read", reading.read_writings, written, frozenset(), memo):
            run("hostility", getattr, one, "hostility")
            run("commerce", one.commerce, harmless)
            run("personal_data", getattr, one, "personal_data")
            if _is_seen_by_others(number):
                run("pupils", getattr, one, "told_of_pupils")
            number += 1


def _before_writings(texts: Sequence[str], harmless: frozenset[str], run: Run) -> None:
    """By those of versions in which each rule read the text by itself (4ca40fa)."""
    read_texts = importlib.import_module("text.reading").read_texts
    read_hostility = importlib.import_module("text.hostility").read_hostility
    commerce_of = importlib.import_module("text.commerce").commerce_of
    find = importlib.import_module("text.personal_data").find_personal_data
    told_of_pupils = importlib.import_module("text.personal_data.pupils").told_of_pupils
    readings = run("read", read_texts, texts)
    for number, (text, one) in enumerate(zip(texts, readings, strict=True)):
        run("hostility", read_hostility, one.undisguised)
        run("commerce", commerce_of, text, one.undisguised, harmless)
        data = run("personal_data", find, text, None)
        if _is_seen_by_others(number):
            run("pupils", _drained, told_of_pupils, text, data)


def _drained(find: Callable[..., Iterator[str]], *arguments: Any) -> frozenset[str]:
    return frozenset(find(*arguments))


def _serve() -> None:
    """Measure each batch that comes in a line; answer with the seconds of each stage."""
    policy = importlib.import_module("rules.policy").load_policy()
    harmless = policy.rules["commercial_content"].limits.harmless
    if importlib.util.find_spec("engine.loading"):
        importlib.import_module("engine.loading").load_tables()
    reading = importlib.import_module("text.reading")
    judge = _today if hasattr(reading, "read_writings") else _before_writings
    for line in sys.stdin:
        spent = dict.fromkeys(STAGES, 0.0)

        def run(stage: str, call: Callable[..., Any], *arguments: Any, spent: dict[str, float] = spent) -> Any:
            began = time.process_time()
            result = call(*arguments)
            spent[stage] += time.process_time() - began
            return result

        judge(json.loads(line), harmless, run)
        print(json.dumps(spent), flush=True)


# --- in the process that compares them ---------------------------------------------------------------------------------------


class Version:
    """A checkout that measures in a process of its own."""

    def __init__(self, checkout: Path) -> None:
        self.name = checkout.resolve().name
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "serve"],
            env=os.environ | {"PYTHONPATH": str(checkout.resolve()), "PYTHONSAFEPATH": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def measure(self, texts: Sequence[str]) -> dict[str, float]:
        """Seconds of each stage."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(texts) + "\n")
        self._process.stdin.flush()
        spent: dict[str, float] = json.loads(self._process.stdout.readline())
        return spent

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def measure(versions: Sequence[Version], texts: Sequence[str]) -> list[dict[str, float]]:
    """Microseconds of each stage a text, of each version."""
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    warm = len(batches) // 5
    totals = [dict.fromkeys(STAGES, 0.0) for _ in versions]
    for number, batch in enumerate(batches):
        for version, total in zip(versions, totals, strict=True):
            for stage, seconds in version.measure(batch).items():
                total[stage] += seconds if number >= warm else 0.0
    count = sum(map(len, batches[warm:]))
    return [{stage: seconds / count * 1e6 for stage, seconds in total.items()} for total in totals]


def main() -> None:
    """Read the options."""
    from benchmarks import telling
    from benchmarks.workload import Network

    parser = telling.options(__doc__)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--against", type=Path, action="append", default=[], metavar="PATH", help="another checkout")
    options = parser.parse_args()
    versions = [Version(path) for path in (Path(__file__).parents[1], *options.against)]
    own, *others = measure(versions, Network(options.seed).texts(options.texts))
    for version in versions:
        version.close()
    numbers: dict[str, float] = {f"text_{stage}_us": own[stage] for stage in STAGES}
    numbers["text_judge_us"] = sum(own[stage] for stage in JUDGED)
    for version, other in zip(versions[1:], others, strict=True):
        for stage, stages in (*((one, (one,)) for one in STAGES), ("judge", JUDGED), ("all", STAGES)):
            theirs = sum(other[one] for one in stages)
            numbers[f"{stage}_of_{version.name}_us"] = theirs
            numbers[f"{stage}_ratio_to_{version.name}"] = sum(own[one] for one in stages) / theirs
    telling.tell(numbers, options)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        _serve()
    else:
        main()
