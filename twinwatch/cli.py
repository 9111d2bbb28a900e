"""The command line. Heavy imports stand inside the commands, so that `--help` answers at once."""

import asyncio
import logging
import re
import sys
from contextlib import ExitStack
from datetime import date, timedelta
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.events import ACTIONS
from models.records import Reason
from twinwatch.failures import BAD_INPUT, FAILED, INTERRUPTED, TERMINATED, Failure, fitted, say

if TYPE_CHECKING:
    from agents.settings import Settings
    from rules.policy import Policy


class _Commands(click.Group):
    """Names the command that was meant, where there is nearly such a one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = get_close_matches(args[0], self.commands, n=1)
            if meant:
                error.message += f" Did you mean {meant[0]}?"
            raise


class _Group(_Commands):
    """Ends with a clear status after Ctrl-C, and quietly when the reader of a pipe has gone."""

    group_class = _Commands

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("twinwatch: stopped", err=True)
            ctx.exit(INTERRUPTED)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            head = "Error: "  # click's own, which is a part of the first line
            told = fitted(head + error.format_message(), sys.stderr).removeprefix(head)
            raise click.UsageError(told, error.ctx) from error


def _version() -> str:
    try:
        return distribution_version("twinwatch")
    except PackageNotFoundError:
        return "of a source tree (not installed)"


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(_version(), prog_name="twinwatch", message="%(prog)s %(version)s")
def main() -> None:
    """Watch a teachers' network for abuse: activity on Kafka in, incidents on Kafka out.

    \b
    Try it, with nothing but this command:
        twinwatch demo
    Judge a file of events, without Kafka:
        twinwatch demo --write day.jsonl
        twinwatch replay day.jsonl
    Run it for real:
        twinwatch topics create
        twinwatch worker

    Settings are read from the environment (TWINWATCH_...) and from an env file; `twinwatch settings` lists them.
    """
    # what libraries have to say about a failure is said by our own line; a worker sets up its own log
    logging.getLogger().addHandler(logging.NullHandler())


# --- replay ------------------------------------------------------------------------------------


@main.command(short_help="Judge a file of events, without Kafka.")
@click.argument("events", metavar="EVENTS.jsonl")
@click.option("--policy", "policy_file", metavar="FILE", help="Policy to judge by; else the one in force.")
@click.option("--incidents", metavar="OUT", help="Write incidents here, one JSON object a line; - for standard output.")
@click.option("--shadow", metavar="OUT", help="Write findings of rules in shadow mode here, likewise.")
@click.option(
    "--dead-letters", metavar="OUT", help="Write unusable records here, with the reason and the line, likewise."
)
@click.option("--redis", "redis_url", metavar="URL", help="Redis to keep the state in meanwhile; else one is started.")
@click.option("--json", "as_object", is_flag=True, help="For scripts: the summary alone, as one JSON object.")
def replay(
    events: str,
    policy_file: str | None,
    incidents: str | None,
    shadow: str | None,
    dead_letters: str | None,
    redis_url: str | None,
    as_object: bool,
) -> None:
    """Judge a file of activity events, one JSON object a line, with the worker's own engine and no Kafka.

    EVENTS.jsonl may be gzipped (.gz) or - for standard input. The state lives in a Redis of its own and is thrown away
    afterwards. Incidents are printed as readable lines unless --incidents names a file. A summary goes to standard
    error, with --json to standard output. The exit status is 0 when the whole input was read, whatever was found.

    \b
    Examples:
        twinwatch replay monday.jsonl --incidents found.jsonl
        twinwatch replay monday.jsonl.gz --policy stricter.yaml
        zcat archive/*.gz | twinwatch replay - --incidents - | jq .summary
        twinwatch replay monday.jsonl --policy stricter.yaml --json | jq .live
    """
    from state.pseudonyms import Pseudonyms
    from twinwatch.replay_command import Outputs, run_replay

    settings = _settings()
    policy = _policy(Path(policy_file) if policy_file else settings.policy_file)
    outputs = Outputs(incidents, shadow, dead_letters)
    # with the worker's key, what is taken for a copy is the same as there
    pseudonyms = Pseudonyms(settings.pseudonym_key.get_secret_value().encode())
    run_replay(events, policy, settings.input_limits, outputs, pseudonyms, redis_url, as_object=as_object)


# --- check-events ------------------------------------------------------------------------------


@main.command("check-events", short_help="Say what is wrong with events, field by field.")
@click.argument("file", metavar="[FILE]", required=False)
@click.option(
    "--topic", "topics", metavar="TOPIC", multiple=True, help="Read this topic of Kafka's; may be given again."
)
@click.option(
    "--last",
    type=click.IntRange(1, 1_000_000),
    default=1_000,
    show_default=True,
    help="The latest records of each topic.",
)
@click.option("--env-file", type=click.Path(path_type=Path), help="File with NAME=value lines; else .env.")
@click.option("--json", "as_object", is_flag=True, help="For scripts: one JSON object.")
def check_events(file: str | None, topics: tuple[str, ...], last: int, env_file: Path | None, as_object: bool) -> None:
    """Look at events as twinwatch would, for who writes them: a file, one JSON object a line, or the end of topics.

    FILE may be gzipped (.gz) or - for standard input. Of each type of event it says how many are fine; what is wrong with
    the others (they would become dead letters), which field, what was found and what is expected; and as a note what works
    and may be meant otherwise: unknown fields, keys, late or unordered events, event ids that come again, headers.
    Nothing is judged, and nothing of what members wrote is shown.

    The exit status is 0 when all can be used, 1 when some cannot be or Kafka does not answer, 2 when there is no such file.

    \b
    Examples:
        twinwatch check-events export.jsonl
        twinwatch check-events --topic activity.messages --last 5000
        twinwatch check-events export.jsonl --json | jq '.types.message.wrong'
    """
    from twinwatch.check_events_command import check_file, check_topics, tell

    if (file is None) == (not topics):
        raise click.UsageError("name a FILE or a --topic, and not both")
    settings = _settings(env_file)
    check = check_file(file, settings.input_limits) if file else check_topics(settings, topics, last)
    if not tell(check, as_object=as_object):
        sys.exit(FAILED)


# --- demo --------------------------------------------------------------------------------------


@main.command(short_help="Show everything at work on this machine alone.")
@click.option("--forever", is_flag=True, help="One day after the other, until Ctrl-C.")
@click.option("--keep", is_flag=True, help="Leave the servers and the worker up afterwards, until Ctrl-C.")
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE", help="Draw what was found (SVG).")
@click.option(
    "--speed",
    type=click.FloatRange(min=1, max=100_000),
    default=3_600.0,
    show_default=True,
    help="How many times faster than life the day goes by.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed makes another day.")
@click.option(
    "--write",
    "write_to",
    metavar="FILE",
    help="Only write the sample day, for `twinwatch replay`; - for standard output.",
)
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="The date of the sample day with --write; else yesterday."
)
def demo(
    forever: bool, keep: bool, picture: Path | None, speed: float, seed: int, write_to: str | None, day: Any
) -> None:
    """Show everything at work: a sample day of a teachers' network in twelve languages goes through Kafka.

    Starts a Redis-compatible server and a Kafka-protocol broker (both keep everything in memory and end with the
    command) and a real worker, plays the day at an accelerated pace, prints incidents as they come and a summary at
    the end, or at Ctrl-C. In the evening a moderator upholds an incident, and what that changes is shown. The exit status
    is 0 when everything was found that the day has in store. Needs the extra `embedded`.

    \b
    Examples:
        twinwatch demo
        twinwatch demo --keep
        twinwatch demo --forever --speed 10000
        twinwatch demo --write day.jsonl && twinwatch replay day.jsonl
    """
    if write_to is not None:
        _write_sample_day(write_to, day.date() if day else None, seed)
        return
    if day is not None:
        raise Failure("--day goes with --write: the demonstration itself plays yesterday")
    try:
        from twinwatch.demo import DemoFailed, run_demo
    except ImportError as error:
        raise Failure(f"the demonstration needs the extra `embedded`: {error}") from error
    try:
        found_everything = asyncio.run(run_demo(forever=forever, speed=speed, seed=seed, keep=keep, picture=picture))
    except DemoFailed as error:
        raise Failure(str(error), FAILED) from error
    except asyncio.CancelledError as error:
        raise Failure("stopped", TERMINATED) from error
    if not found_everything:
        raise Failure("not everything was found that the sample day has in store", FAILED)


def _write_sample_day(target: str, day: date | None, seed: int) -> None:
    from twinwatch.files import open_output
    from twinwatch.sample_day import sample_day, yesterday

    with ExitStack() as stack:
        stream = open_output(target, stack)
        for record in sample_day(day or yesterday(), seed):
            stream.write(record.value + b"\n")


# --- worker, topics ----------------------------------------------------------------------------


_env_file = click.option("--env-file", type=click.Path(path_type=Path), help="File with NAME=value lines; else .env.")


@main.command(short_help="Run one worker: Kafka in, Kafka out.")
@_env_file
def worker(env_file: Path | None) -> None:
    """Run one worker: read activity from Kafka, keep state in Redis, write incidents to Kafka.

    Start as many as you like with the same settings; they share the partitions between them. /metrics, /live and
    /ready are served on TWINWATCH_METRICS_PORT. Ctrl-C or SIGTERM ends it once the batches at hand are published. SIGHUP
    loads the policy again; one that cannot be used changes nothing.

    \b
    Examples:
        TWINWATCH_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 twinwatch worker
        twinwatch worker --env-file production.env
    """
    from agents.logs import set_up_logging, tell_failed_start
    from agents.settings import InvalidSettings, Settings, load_settings

    try:
        settings = load_settings(env_file)
    except InvalidSettings as error:
        if not error.json_log:
            raise Failure(str(error)) from error
        set_up_logging(Settings.model_construct(log_format="json"))
        tell_failed_start(str(error))
        sys.exit(BAD_INPUT)
    from agents.worker import run_worker  # it takes seconds; a wrong setting is told before

    sys.exit(run_worker(settings))


@main.group()
def topics() -> None:
    """Create the Kafka topics that twinwatch reads and writes.

    \b
    Example:
        twinwatch topics create
    """


@topics.command("create", short_help="Create those that are missing.")
@_env_file
@click.option("--partitions", type=click.IntRange(1, 10_000), help="Partitions of each topic of events and incidents.")
@click.option(
    "--replication-factor", type=click.IntRange(1, 100), help="Copies of each partition; else the cluster's default."
)
@click.option("--json", "as_object", is_flag=True, help="For scripts: one JSON object.")
def topics_create(
    env_file: Path | None, partitions: int | None, replication_factor: int | None, as_object: bool
) -> None:
    """Create the topics that are missing, with sensible partitions and retention. Existing ones are left as they are.

    \b
    Example:
        twinwatch topics create --partitions 16 --replication-factor 3
    """
    from agents.kafka import KafkaUnavailable
    from agents.topics import DEFAULT_PARTITIONS, create_topics

    try:
        done = asyncio.run(
            create_topics(
                _settings(env_file),
                partitions=partitions or DEFAULT_PARTITIONS,
                replication_factor=replication_factor or -1,
            )
        )
    except KafkaUnavailable as error:
        raise Failure(str(error), FAILED) from error
    if as_object:
        import json

        click.echo(json.dumps({"created": done.created, "existing": done.existing}))
        return
    for told, names in (("created", done.created), ("exists", done.existing)):
        for name, count in names.items():
            click.echo(f"{told:<8} {name} ({count} partition{'s' if count > 1 else ''})")


# --- doctor ------------------------------------------------------------------------------------


@main.command(short_help="Say what is wrong with the installation, and what to do.")
@_env_file
@click.option("--json", "as_lines", is_flag=True, help="For scripts: one JSON object a line.")
def doctor(env_file: Path | None, as_lines: bool) -> None:
    """Look at everything that a worker needs: settings, policy, Kafka, Redis, the clock. Nothing is changed.

    Of Kafka: whether it answers, its topics, their partitions and set-up, what we may read and write, and codecs. Of Redis:
    its version, persistence, eviction, memory, what we may do, and whether workers use it with our key.

    Each line is `fine`, a `note` (it works, and somebody should know) or `wrong`, with what to do. The exit status is 0
    when nothing is wrong, 1 when something is, 2 when the settings cannot be read.

    \b
    Examples:
        twinwatch doctor
        twinwatch doctor --env-file production.env
        twinwatch doctor --json | jq 'select(.grade == "wrong")'
    """
    from twinwatch.doctor_command import run_doctor

    if not run_doctor(_settings(env_file), as_lines=as_lines):
        sys.exit(FAILED)


# --- incidents ---------------------------------------------------------------------------------


class _Span(click.ParamType):
    """A stretch of time: 30m, 24h, 7d."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", str(value))
        if found is None:
            self.fail(
                f"found {value!r}, expected a number of minutes, hours or days, such as 30m, 24h or 7d", param, ctx
            )
        return timedelta(minutes=int(found[1]) * {"m": 1, "h": 60, "d": 1_440}[found[2]])


_file = click.option(
    "--file",
    "files",
    metavar="FILE",
    multiple=True,
    help="Use this file of lines instead of Kafka: incidents, verdicts, events; - is standard input. May be given again.",
)
_severity = click.option(
    "--severity", type=click.Choice(["low", "medium", "high", "critical"]), default="low", help="At least so severe."
)
_rule = click.option("--rule", "rules", multiple=True, metavar="SLUG", help="Only this rule; may be given again.")
_subject = click.option("--subject", "subjects", multiple=True, metavar="ID", help="Only about this member; likewise.")
_modes = click.Choice(["live", "shadow", "all"])
_json = click.option("--json", "as_lines", is_flag=True, help="For scripts: one JSON object a line.")


@main.group(short_help="See and answer incidents.")
def incidents() -> None:
    """See what was found, with the evidence, and answer it.

    Every command reads Kafka by the settings, or does the same over files (--file), such as a replay writes.

    \b
    Examples:
        twinwatch incidents list --open
        twinwatch incidents show 0a072c26
        twinwatch incidents verdict 0a072c26 upheld --action warned
        twinwatch incidents watch
    """


@incidents.command("list", short_help="List incidents, the worst first.")
@_env_file
@_file
@click.option("--since", type=_Span(), help="Only what was told so long ago at most; 24h unless it is a file, 30m, 7d.")
@click.option("--open", "only_open", is_flag=True, help="Only those without a verdict.")
@_severity
@_rule
@_subject
@click.option("--mode", "modes", type=_modes, default="live", show_default=True)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many.")
@_json
def incidents_list(
    env_file: Path | None,
    files: tuple[str, ...],
    since: timedelta | None,
    only_open: bool,
    severity: str,
    rules: tuple[str, ...],
    subjects: tuple[str, ...],
    modes: Any,
    limit: int,
    as_lines: bool,
) -> None:
    """List incidents, the worst first: by severity, then by confidence, then the newest. Of each the latest revision.

    With --json an incident is as the contract has it, with `verdict` besides: the one that counts, or null.

    \b
    Examples:
        twinwatch incidents list --since 7d --open --severity high
        twinwatch incidents list --mode shadow --rule off_topic_post
        twinwatch incidents list --file found.jsonl --json | jq .summary
    """
    from twinwatch.incidents_command import Filters, open_log, run_list

    span = since if since or files else timedelta(hours=24)
    chosen = Filters(
        modes=modes, since=span, only_open=only_open, severity=severity, rules=_rules(rules), subjects=subjects
    )
    run_list(open_log(lambda: _settings(env_file), files), chosen, limit=limit, as_lines=as_lines)


@incidents.command("show", short_help="Show one incident with its evidence.")
@click.argument("incident_id", metavar="ID")
@_env_file
@_file
@click.option("--mode", "modes", type=_modes, default="all", show_default=True, help="Where to look for it.")
@click.option("--unmasked", is_flag=True, help="Show personal data and children's names in the texts, too.")
@_json
def incidents_show(
    incident_id: str, env_file: Path | None, files: tuple[str, ...], modes: Any, unmasked: bool, as_lines: bool
) -> None:
    """Show one incident: its revisions, verdicts, what was measured against the limits, and the evidence's own texts.

    ID is the incident's id, or as much of its beginning as tells it from others. The texts of the evidence are read from
    the topics of activity (14 days) or the files; copies stand side by side, with their differences marked. Personal data
    and children's names in them are masked, unless with --unmasked.

    \b
    Examples:
        twinwatch incidents show 0a072c26
        twinwatch incidents show 0a072c26 --file found.jsonl --file monday.jsonl
    """
    from twinwatch.incidents_command import open_log, run_show

    log = open_log(lambda: _settings(env_file), files)
    run_show(log, incident_id, modes, unmasked=unmasked, as_lines=as_lines)


@incidents.command("verdict", short_help="Say of an incident that it is right or not.")
@click.argument("incident_id", metavar="ID")
@click.argument("verdict", type=click.Choice(["upheld", "dismissed"]))
@click.option("--action", type=click.Choice(list(ACTIONS)), help="What was done to the member; warn is warned.")
@click.option("--moderator", metavar="WHO", help="Who says so; else the name you are logged in by.")
@_env_file
@_file
@_json
def incidents_verdict(
    incident_id: str,
    verdict: Any,
    action: Any,
    moderator: str | None,
    env_file: Path | None,
    files: tuple[str, ...],
    as_lines: bool,
) -> None:
    """Say of an incident that it is right (upheld) or not (dismissed). The workers learn from it (docs/feedback.md).

    ID as for `show`. The verdict is written to incidents.verdicts; a later one on the same incident takes its place. It
    only tells what was done to the member (--action): doing it is the platform's business.

    With --file it becomes a line of the file that has the incident: `list` and `show` over that file tell it, and no
    worker learns of it.

    \b
    Examples:
        twinwatch incidents verdict 0a072c26 upheld --action warned
        twinwatch incidents verdict 0a072c26 dismissed --moderator maria
        twinwatch incidents verdict 0a072c26 dismissed --file found.jsonl
    """
    from twinwatch.incidents_command import open_log, run_verdict

    run_verdict(
        open_log(lambda: _settings(env_file), files), incident_id, verdict, action, moderator, as_lines=as_lines
    )


@incidents.command("watch", short_help="Watch incidents as they are told.")
@_env_file
@_file
@click.option("--since", type=_Span(), help="Begin so long ago, such as 30m; else an hour ago.")
@_severity
@_rule
@_subject
@click.option("--mode", "modes", type=_modes, default="all", show_default=True)
@_json
def incidents_watch(
    env_file: Path | None,
    files: tuple[str, ...],
    since: timedelta | None,
    severity: str,
    rules: tuple[str, ...],
    subjects: tuple[str, ...],
    modes: Any,
    as_lines: bool,
) -> None:
    """Watch incidents as they are told: counts per rule, how many came when, the workers' lag, the latest ones.

    On a terminal: q or Ctrl-C quits, s changes the least severity. In a pipe: one line for each revision, with --json
    as the contract has it.

    \b
    Examples:
        twinwatch incidents watch --severity high
        twinwatch incidents watch --file found.jsonl
    """
    from twinwatch.incidents_command import Filters, open_log
    from twinwatch.incidents_watch import run_watch

    chosen = Filters(modes=modes, since=since, severity=severity, rules=_rules(rules), subjects=subjects)
    settings = None if files else _settings(env_file)
    run_watch(open_log(lambda: _settings(env_file), files), settings, chosen, as_lines=as_lines)


def _rules(given: tuple[str, ...]) -> tuple[str, ...]:
    from rules.registry import all_rules

    for slug in given:
        if slug not in all_rules():
            raise Failure(f"--rule: found {slug!r}, expected one of {', '.join(all_rules())}")
    return given


# --- dead letters ------------------------------------------------------------------------------


@main.group("dead-letters", short_help="List, explain and send again what could not be used.")
def dead_letters() -> None:
    """List records that could not be used, say what is wrong, and send them again once that is mended.

    \b
    Examples:
        twinwatch dead-letters list
        twinwatch dead-letters show 0:17
        twinwatch dead-letters redrive --reason rule_error
    """


_reason = click.option(
    "--reason",
    type=click.Choice([str(reason) for reason in Reason]),
    metavar="REASON",
    help=f"Only those of one reason: {', '.join(Reason)}.",
)
_written_since = click.option("--since", type=_Span(), help="Only what was written so long ago at most: 30m, 24h, 7d.")


@dead_letters.command("list", short_help="List those that Kafka holds, by reason and topic.")
@_env_file
@_reason
@_written_since
@click.option(
    "--limit", type=click.IntRange(1, 10_000), help="At most so many letters, the latest; 50 unless it is JSON."
)
@_json
def dead_letters_list(
    env_file: Path | None, reason: str | None, since: timedelta | None, limit: int | None, as_lines: bool
) -> None:
    """List the dead letters that Kafka holds: how many of each reason and topic with the latest mistake, then letters.

    Each letter has its place, when it failed, the reason, the source, whether it was redriven, and what is wrong. With
    --json one object a group, then one a letter (`kind` says which), without what the record holds; `show` has that.

    \b
    Examples:
        twinwatch dead-letters list --since 24h
        twinwatch dead-letters list --reason invalid_field --limit 5
        twinwatch dead-letters list --json | jq 'select(.kind == "group")'
    """
    from twinwatch.dead_letters_command import run_list

    shown = limit if limit or as_lines else 50
    run_list(_settings(env_file), reason=reason, since=since, limit=shown, as_lines=as_lines)


@dead_letters.command("show", short_help="Show one: its source, its mistake, its bytes.")
@_env_file
@click.argument("place")
@click.option("--json", "as_lines", is_flag=True, help="For scripts: one JSON object.")
def dead_letters_show(env_file: Path | None, place: str, as_lines: bool) -> None:
    """Show one dead letter: where it came from, what is wrong with it, and its original bytes.

    PLACE is partition:offset, as `list` prints it. Bytes that are no text are shown escaped; with --json they stand under
    value_base64.

    \b
    Example:
        twinwatch dead-letters show 0:17
    """
    from twinwatch.dead_letters_command import run_show

    run_show(_settings(env_file), place, as_lines=as_lines)


@dead_letters.command("redrive", short_help="Send some again to where they came from.")
@_env_file
@click.argument("places", nargs=-1, metavar="[PLACE]...")
@_reason
@_written_since
@click.option("--all", "everything", is_flag=True, help="Every dead letter there is.")
@click.option("--again", is_flag=True, help="Also those that were redriven already.")
@click.option("--limit", type=click.IntRange(1), help="At most so many, the oldest of each partition first.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
@click.option("--json", "as_lines", is_flag=True, help="For scripts: one JSON object.")
def dead_letters_redrive(
    env_file: Path | None,
    places: tuple[str, ...],
    reason: str | None,
    since: timedelta | None,
    everything: bool,
    again: bool,
    limit: int | None,
    dry_run: bool,
    as_lines: bool,
) -> None:
    """Send dead letters again: their original bytes, to the topics that they came from.

    Name them by PLACE, or by --reason or --since, or take --all. A letter that was redriven is marked, and passed over the
    next time unless it is named or --again is given. A record that still cannot be used becomes a dead letter again. An
    event that is judged twice counts once, so that doing this twice does no harm.

    Of those that are named nothing is sent unless all can be. Of others, what cannot be sent is left out and told. The exit
    status is 0 when nothing was left out.

    \b
    Examples:
        twinwatch dead-letters redrive 0:17 0:18
        twinwatch dead-letters redrive --reason rule_error --since 24h --dry-run
        twinwatch dead-letters redrive --reason rule_error --limit 10
    """
    from twinwatch.dead_letters_command import run_redrive

    if not (places or reason or since or everything):
        raise Failure("name the dead letters to send again, or give --reason, --since or --all")
    if places and (reason or since or everything or again or limit):
        raise Failure("found letters by PLACE and a choice of others besides, expected one of both")
    settings = _settings(env_file)
    if not run_redrive(
        settings, places, reason=reason, since=since, again=again, limit=limit, dry_run=dry_run, as_lines=as_lines
    ):
        sys.exit(FAILED)


# --- boilerplate -------------------------------------------------------------------------------


@main.group(short_help="List and forget sentences that are taken for nobody's own.")
def boilerplate() -> None:
    """See which sentences were learnt as nobody's own, and undo it.

    What unrelated members have used over days, a template or a notice, makes no copies. Where spammers have taught a
    sentence of theirs, forget it.

    docs/near-duplicates.md has more.

    \b
    Examples:
        twinwatch boilerplate list --texts
        twinwatch boilerplate forget 3f0c9a5b7d2e4816 --bar
    """


@boilerplate.command("list", short_help="List them, those of most members first.")
@_env_file
@click.option("--texts", "with_texts", is_flag=True, help="Read the examples from Kafka, and show the sentences.")
@_json
def boilerplate_list(env_file: Path | None, with_texts: bool, as_lines: bool) -> None:
    """List sentences that were learnt as nobody's own, those of most members first, then those that were barred.

    Each has its id, how many members have written it (at most 12 are remembered) on how many days, from when to when, and
    an example: the event in which it was learnt. Redis keeps no text of them. With --texts Kafka is asked for the
    examples, which takes as long as reading the topics since then; what it no longer holds is not shown.

    It takes TWINWATCH_REDIS_URL, TWINWATCH_REDIS_SHARDS and TWINWATCH_PSEUDONYM_KEY as the workers have them.

    \b
    Examples:
        twinwatch boilerplate list
        twinwatch boilerplate list --texts
        twinwatch boilerplate list --json | jq 'select(.members < 6)'
    """
    from twinwatch.boilerplate_command import run_list

    run_list(_settings(env_file), with_texts=with_texts, as_lines=as_lines)


@boilerplate.command("forget", short_help="Forget some: they count as written again.")
@_env_file
@click.argument("named", nargs=-1, required=True, metavar="TEXT|ID...")
@click.option("--bar", is_flag=True, help="Keep it from being learnt again.")
@click.option("--json", "as_object", is_flag=True, help="For scripts: one JSON object.")
def boilerplate_forget(env_file: Path | None, named: tuple[str, ...], bar: bool, as_object: bool) -> None:
    """Forget sentences that were learnt as nobody's own: texts that have them are compared as a whole again.

    Name each by its ID, as `list` prints it, or by its TEXT; of a text of several sentences each is forgotten. What members
    go on using is learnt again, after three days at least. With --bar it is not, as long as anybody uses it and for 30 to
    60 days longer; without --bar what was barred may be learnt again. Workers may run meanwhile.

    The exit status is 0 when all were known, 1 when some were not or Redis does not answer.

    \b
    Examples:
        twinwatch boilerplate forget 3f0c9a5b7d2e4816
        twinwatch boilerplate forget --bar "Order now, all schools pay nothing."
    """
    from twinwatch.boilerplate_command import run_forget

    if not run_forget(_settings(env_file), named, bar=bar, as_object=as_object):
        sys.exit(FAILED)


# --- forget ------------------------------------------------------------------------------------


@main.command(short_help="Remove what is held about a member.")
@click.argument("actor_id")
@_env_file
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: one JSON object.")
def forget(actor_id: str, env_file: Path | None, dry_run: bool, as_json: bool) -> None:
    """Remove everything that Redis holds about a member, and show what was removed, by kind of state.

    ACTOR_ID is the id that events carry. Whatever is about the member alone goes whole; from what is about others the
    member, and the member's events as evidence, are taken out. Everybody else is judged as before. Workers may run
    meanwhile, and running it twice does no harm. All of Redis is read, a little at a time: about a minute for each
    million keys.

    It takes TWINWATCH_REDIS_URL, TWINWATCH_REDIS_SHARDS and TWINWATCH_PSEUDONYM_KEY as the workers have them. State
    under an earlier pseudonym key is found only with that key; where nothing at all can be read, the key is refused.

    Not removed: incidents and events in Kafka, which end by the retention of their topics, and what a worker writes while
    this runs or when an event of the member is read later. To be sure, stop the platform from sending events of the
    member, and run this again once the workers have no lag. docs/privacy.md has more.

    The exit status is 0 when the whole of Redis was read, 1 when it could not be or the key is wrong.

    \b
    Examples:
        twinwatch forget teacher-4711 --dry-run
        twinwatch forget teacher-4711
        twinwatch forget teacher-4711 --env-file production.env --json
    """
    from twinwatch.forget_command import run_forget

    run_forget(_settings(env_file), actor_id, dry_run=dry_run, as_json=as_json)


# --- schema ------------------------------------------------------------------------------------


@main.command(short_help="Print the JSON Schema of what goes in and out.")
@click.argument("name", required=False)
@click.option("--out", "directory", type=click.Path(file_okay=False, path_type=Path), help="Write one file each here.")
@click.option("--asyncapi", is_flag=True, help="All of it with topics and keys, as an AsyncAPI 3.0 document.")
@click.option("--markdown", is_flag=True, help="All of it as a page for people.")
@click.option("--json", "as_list", is_flag=True, help="For scripts: name, id and title of each schema, as a JSON list.")
def schema(name: str | None, directory: Path | None, asyncapi: bool, markdown: bool, as_list: bool) -> None:
    """Print the JSON Schema of what goes in and what comes out.

    Without NAME, list the names. With --out, write all of them (or the one named) as files into that directory.

    \b
    Examples:
        twinwatch schema
        twinwatch schema message
        twinwatch schema --out schemas/
        twinwatch schema --asyncapi > asyncapi.json
    """
    import json

    from twinwatch.contract import contract_schemas

    if asyncapi + markdown + as_list > 1 or ((name or directory) and (asyncapi or markdown or as_list)):
        raise click.UsageError("--asyncapi, --markdown, --json, and --out or NAME exclude each other")
    if asyncapi:
        from twinwatch.asyncapi import asyncapi as document

        click.echo(json.dumps(document(), indent=2, ensure_ascii=False))
        return
    if markdown:
        from twinwatch.contract_page import contract_page

        click.echo(contract_page(), nl=False)
        return
    known = contract_schemas()
    if name is not None and name not in known:
        raise Failure(f"no schema {name!r}; known are {', '.join(known)}")
    wanted = {name: known[name]} if name else known
    if directory is not None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            for key, one in wanted.items():
                (directory / f"{key}.schema.json").write_text(json.dumps(one, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise Failure(f"{error.filename or directory}: {error.strerror}") from error
        click.echo(f"{len(wanted)} schemas written to {directory}", err=True)
    elif name:
        click.echo(json.dumps(known[name], indent=2))
    elif as_list:
        told = [{"name": key, "id": one["$id"], "title": one["title"]} for key, one in known.items()]
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n".join(known))


# --- policy ------------------------------------------------------------------------------------


@main.group()
def policy() -> None:
    """Show and check rules, limits and what follows from them.

    \b
    Examples:
        twinwatch policy show --format yaml > policy.yaml
        twinwatch policy check policy.yaml
    """


@policy.command("check", short_help="Check a policy file, or the policy in force.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_object", is_flag=True, help="For scripts: one JSON object.")
def policy_check(file: Path | None, as_object: bool) -> None:
    """Check a policy file; without FILE, the policy in force. The exit status is 0 when it can be used.

    Every mistake gets a line that says where it is, what was found and what is expected.

    \b
    Example:
        twinwatch policy check policy.yaml
    """
    checked = _policy(file or _settings().policy_file)
    modes = [rule.mode for rule in checked.rules.values()]
    counts = {mode: modes.count(mode) for mode in ("live", "shadow", "off")}
    if as_object:
        import json

        click.echo(json.dumps({"version": checked.version, "rules": len(modes), **counts}))
        return
    told = ", ".join(f"{count} {mode}" for mode, count in counts.items())
    say(f"{file or 'the policy in force'}: fine; {len(modes)} rules ({told}), version {checked.version}")


@policy.command("show", short_help="Show all rules with their limits, or one.")
@click.argument("rule", required=False)
@click.option("--policy", "file", type=click.Path(path_type=Path), help="Policy to show; else the one in force.")
@click.option(
    "--format", "layout", type=click.Choice(["text", "yaml", "json", "markdown"]), default="text", show_default=True
)
@click.option("--json", "layout", flag_value="json", help="For scripts: the same as --format json.")
def policy_show(rule: str | None, file: Path | None, layout: str) -> None:
    """Show what a policy comes to, with all defaults filled in: all of it, or one RULE by its slug.

    As markdown: the page docs/policy.md, which tells of any policy how it is written.

    \b
    Examples:
        twinwatch policy show
        twinwatch policy show mass_messaging
        twinwatch policy show --policy policy.yaml --json
    """
    if layout == "markdown":
        from twinwatch.policy_page import policy_page

        if rule or file:
            raise Failure("--format markdown: found it with RULE or --policy, expected it alone")
        click.echo(policy_page(), nl=False)
        return
    shown = _policy(file or _settings().policy_file)
    if rule is not None and rule not in shown.rules:
        raise Failure(f"RULE: found {rule!r}, expected one of {', '.join(shown.rules)} (a file is named by --policy)")
    plain = shown.to_builtins()
    if rule is not None:
        plain = {"rules": {rule: plain["rules"][rule]}}
    if layout == "json":
        import json

        click.echo(json.dumps(plain, indent=2))
    elif layout == "yaml":
        import yaml

        click.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), nl=False)
    else:
        from rules.registry import all_rules
        from twinwatch.report import policy_report, stdout_console

        stdout_console().print(*policy_report(shown, [rule] if rule else list(all_rules())), sep="\n")


# --- languages ---------------------------------------------------------------------------------


@main.command(short_help="List what is known of each language.")
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="For scripts: a JSON list, with CODE one object.")
@click.option("--markdown", is_flag=True, help="The page docs/languages.md.")
def languages(code: str | None, as_json: bool, markdown: bool) -> None:
    """List how many words of each kind twinwatch knows in each language, and which rules read them.

    CODE (BCP 47, such as de or pt-BR) tells more of one language.

    \b
    Examples:
        twinwatch languages
        twinwatch languages de
        twinwatch languages --json
    """
    import json

    from text.languages import NAMES, ListError
    from twinwatch.languages_page import language_row, languages_page

    if markdown and (as_json or code):
        raise Failure("--markdown: found it with CODE or --json, expected it alone")
    primary = code.replace("_", "-").split("-")[0].lower() if code else None
    if primary is not None and primary not in NAMES:
        raise Failure(f"no language {code!r}; known are {', '.join(NAMES)}")
    try:
        if markdown:
            click.echo(languages_page(), nl=False)
            return
        rows = [language_row(one) for one in ([primary] if primary else NAMES)]
    except ListError as error:
        raise Failure(str(error)) from error
    if as_json:
        click.echo(json.dumps(rows[0] if primary else rows, indent=2, ensure_ascii=False))
        return
    from twinwatch.report import language_table, languages_report, stdout_console

    stdout_console().print(*([language_table(rows[0])] if primary else languages_report(rows)), sep="\n")


# --- settings ----------------------------------------------------------------------------------


@main.command(short_help="List every setting and its value in force.")
@_env_file
@click.option("--format", "layout", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--json", "layout", flag_value="json", help="For scripts: the same as --format json.")
def settings(env_file: Path | None, layout: str) -> None:
    """List every setting with its meaning and its value in force. Secrets are not shown.

    A setting is an environment variable TWINWATCH_..., or a line in an env file (.env in the working directory, or
    the one named by --env-file or TWINWATCH_ENV_FILE). The environment wins.

    \b
    Examples:
        twinwatch settings
        twinwatch settings --env-file production.env
        twinwatch settings --json | jq 'select(.changed)'
    """
    if layout == "markdown":
        from twinwatch.settings_page import settings_page

        click.echo(settings_page(), nl=False)
        return
    from twinwatch.report import settings_fields, settings_report, stdout_console

    if layout == "json":
        import json

        for row in settings_fields(_settings(env_file)):
            click.echo(json.dumps(row))
        return
    for part in settings_report(_settings(env_file)):
        stdout_console().print(part)


# --- metrics -----------------------------------------------------------------------------------


@main.command(short_help="List what a worker tells Prometheus.")
@click.option("--json", "as_lines", is_flag=True, help="For scripts: one JSON object a line.")
@click.option("--markdown", is_flag=True, help="The page docs/metrics.md.")
def metrics(as_lines: bool, markdown: bool) -> None:
    """List every metric that a worker serves, with its kind, labels and meaning.

    \b
    Examples:
        twinwatch metrics
        twinwatch metrics --json | jq -r .name
    """
    from agents.metrics import Metrics

    if as_lines:
        import json

        for one in Metrics().series():
            click.echo(json.dumps(one._asdict()))
        return
    if markdown:
        from twinwatch.metrics_page import metrics_page

        click.echo(metrics_page(), nl=False)
        return
    from twinwatch.report import metrics_report, stdout_console

    for part in metrics_report(Metrics().series()):
        stdout_console().print(part)


# --- shared ------------------------------------------------------------------------------------


def _settings(env_file: Path | None = None) -> "Settings":
    from agents.settings import InvalidSettings, load_settings

    try:
        return load_settings(env_file)
    except InvalidSettings as error:
        raise Failure(str(error)) from error


def _policy(path: Path | None) -> "Policy":
    from rules.policy import PolicyError, load_policy

    try:
        return load_policy(path)
    except PolicyError as error:
        raise Failure(str(error)) from error
