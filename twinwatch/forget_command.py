"""Around forgetting a member: the connection, what is told, and when it fails."""

import asyncio
import json
import time
from typing import Any

import click
import msgspec

from agents.redis import describe_store_trouble, open_redis
from agents.settings import Settings
from state.agreement import WrongStore
from state.errors import StateUnavailable
from state.forget import Forgotten, forget
from state.kinds import KINDS
from state.pseudonyms import Pseudonyms
from twinwatch.failures import FAILED, Failure, say
from twinwatch.progress import LongWork
from twinwatch.report import counts_table, stdout_console

_KEY_SETTING = "TWINWATCH_PSEUDONYM_KEY"


def run_forget(settings: Settings, actor_id: str, *, dry_run: bool, as_json: bool) -> None:
    """Forget the member, and tell what that came to. Raises `Failure` where Redis or the key is not the right one."""
    if not actor_id:
        raise Failure("ACTOR_ID is empty: name a member")
    start = time.monotonic()
    try:
        with LongWork() as watched:
            done = asyncio.run(_forget(settings, actor_id, dry_run, watched))
    except WrongStore as error:
        raise Failure(describe_store_trouble(error), FAILED) from error
    except StateUnavailable as error:
        trouble = describe_store_trouble(error)
        raise Failure(f"{trouble}; what was removed until then stays removed: run this again", FAILED) from error
    if done.refused:
        raise Failure(
            f"nothing in Redis was written under this pseudonym key: set {_KEY_SETTING} as the workers have it; "
            f"nothing was removed",
            FAILED,
        )
    seconds = time.monotonic() - start
    if as_json:
        click.echo(json.dumps(_as_json(done, actor_id, dry_run, seconds), indent=2))
    else:
        _print(done, dry_run, seconds)
    for warning in _warnings(done):
        say(f"twinwatch: {warning}", err=True)


async def _forget(settings: Settings, actor_id: str, dry_run: bool, watched: LongWork) -> Forgotten:
    client = open_redis(settings)
    try:
        pseudonyms = Pseudonyms(settings.pseudonym_key.get_secret_value().encode())
        return await forget(
            client,
            pseudonyms,
            actor_id,
            shards=settings.redis_shards,
            dry_run=dry_run,
            watched=lambda keys, of: watched(f"{keys:,} keys read", keys, of),
        )
    finally:
        await client.aclose()


def _as_json(done: Forgotten, actor_id: str, dry_run: bool, seconds: float) -> dict[str, Any]:
    return {
        "actor_id": actor_id,
        "dry_run": dry_run,
        "removed": msgspec.to_builtins(done.removed),
        "keys_read": done.scanned,
        "windows_under_another_key": done.unreadable,
        "keys_not_understood": done.unknown.total(),
        "seconds": round(seconds, 3),
    }


def _print(done: Forgotten, dry_run: bool, seconds: float) -> None:
    told = f"{done.scanned:,} keys read in {seconds:.1f} s"
    if not done.removed:
        say(f"Nothing is held about this member ({told}).")
        return
    rows = [
        (name, removed.keys, removed.entries, kind.forgets)
        for name, kind in KINDS.items()
        if (removed := done.removed.get(name))
    ]
    title = "What would be removed" if dry_run else "What was removed"
    table = counts_table(title, ("kind", "keys", "entries", "what it is"), rows)
    table.columns[3].justify = "left"
    stdout_console().print(table)
    say(told)


def _warnings(done: Forgotten) -> list[str]:
    warnings = []
    if done.in_use is False:
        warnings.append("workers have another pseudonym key now: run this with that key too")
    if done.unreadable:
        warnings.append(
            f"{done.unreadable:,} windows were written under another pseudonym key and could not be searched; "
            f"run this with that key too, or wait until they end (docs/privacy.md)"
        )
    if done.unknown:
        warnings.append(f"{done.unknown.total():,} keys are of a kind that this version does not know, and were left")
    return warnings
