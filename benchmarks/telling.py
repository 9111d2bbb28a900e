"""What every benchmark that `make bench` runs does with its numbers: shows them, and writes them where that is asked."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path


def options(doc: str | None) -> argparse.ArgumentParser:
    """A parser with what all of them have."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the numbers as well")
    return parser


def tell(numbers: Mapping[str, float], chosen: argparse.Namespace) -> None:
    """Show the numbers by their names, which `benchmarks/performance.py` explains."""
    print("\n".join(f"{name:28} {number:14,.2f}" for name, number in numbers.items()), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(numbers), "utf-8")
