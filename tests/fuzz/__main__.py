"""`make fuzz`: so many inputs, in chunks whose seeds make the same inputs again.

What fails is told with its program; `--replay TARGET:PROGRAM` runs it alone.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.programs import PROGRAMS, PROGRAMS_AT_ONCE, programs_in
from tests.fuzz.targets import SHARES, TARGETS, Clock, warm_up

_CHUNK = 10_000


def run_chunk(
    target: Callable[[bytes, Clock], None], clock: Clock, number: int, inputs: int
) -> tuple[int, list[bytes]]:
    """How many inputs one chunk made, and the programs of those that failed."""
    made, failed = 0, []

    @seed(number)
    @settings(
        max_examples=-(-inputs // PROGRAMS_AT_ONCE),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(PROGRAMS)
    def some(drawn: bytes) -> None:
        nonlocal made
        for program in programs_in(drawn):
            made += 1
            try:
                target(program, clock)
            except Exception:
                failed.append(program)

    some()
    return made, failed


def main() -> int:
    """Run the inputs; the exit status is 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this one, with all the inputs")
    parser.add_argument("--replay", metavar="TARGET:PROGRAM", help="one input, by its program in hexadecimal digits")
    options = parser.parse_args()
    warm_up()
    if options.replay:
        name, _, program = options.replay.partition(":")
        TARGETS[name](bytes.fromhex(program), Clock())
        return 0
    shares = dict.fromkeys(options.target, 1 / len(options.target)) if options.target else SHARES
    total, failures = 0, 0
    start, start_process = time.monotonic(), time.process_time()
    for name, share in shares.items():
        clock, made, chunk = Clock(), 0, 0
        wanted = round(options.inputs * share)
        while made < wanted:
            chunk += 1
            count, failed = run_chunk(
                TARGETS[name], clock, 1_000_000 * options.seed + chunk, min(_CHUNK, wanted - made)
            )
            made += count
            for program in failed:
                failures += 1
                _tell(name, program)
            print(f"{name}: {made:,} inputs, {failures} failures in all", flush=True)
        total += made
        for step, slow in sorted(clock.slowest.items()):
            told = f"{1000 * slow.seconds:.1f} ms ({slow.size:,} characters)"
            print(f"{name}, slowest of {step}: {told} --replay {name}:{slow.program.hex()}")
    seconds, process = time.monotonic() - start, time.process_time() - start_process
    print(f"{total:,} inputs, {failures} failures, {seconds:,.0f} s, {process:,.0f} s of processor time")
    return 1 if failures else 0


def _tell(name: str, program: bytes) -> None:
    print(f"FAILED --replay {name}:{program.hex()}")
    try:
        TARGETS[name](program, Clock())
    except Exception:
        traceback.print_exc(limit=-3, file=sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
