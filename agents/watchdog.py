"""Ends a process whose event loop hangs, which no part of it could notice: neither its health nor its signals are heard."""

import asyncio
import faulthandler

_BEAT_SECONDS = 1.0
_LEAST_SECONDS = 10.0
"""On a busy machine a loop in good order may wait for its turn for seconds."""


async def keep_alive(seconds: float) -> None:
    """Until cancelled, put off the end of this process, which comes once the loop has not turned for `seconds` (10 at least).

    The process ends with status 1 and shows where each thread stood (lines of code, no data). That is done by a thread that
    needs nothing of Python's, so that it works while one never-ending call keeps everything else from running.
    """
    try:
        while True:
            faulthandler.dump_traceback_later(max(seconds, _LEAST_SECONDS), exit=True)
            await asyncio.sleep(_BEAT_SECONDS)
    finally:
        faulthandler.cancel_dump_traceback_later()
