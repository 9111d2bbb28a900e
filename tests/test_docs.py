"""The documentation: every link leads somewhere, and what it tells a newcomer to do does what it says."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import click
import pytest
import yaml

from agents.settings import setting_rows
from benchmarks import pages
from benchmarks.accuracy import merged
from benchmarks.pages import Section, recorded, sections, with_section
from models.events import ForumPost
from rules.policy import parse_policy
from rules.registry import all_rules
from tests.rules.cases import context, rule_input
from tests.scenarios.scenario import load
from tests.servers import REPOSITORY, run
from twinwatch.cli import main

DOCS = REPOSITORY / "docs"
PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted(DOCS.glob("*.md"))]
LONGEST = 42
"""Words of a sentence, which ends at a full stop."""
MADE_UP = {"rules/echo.py", "tests/scenarios/SLUG.yaml"}
"""Files that a page tells to make."""
SITE = REPOSITORY / "deploy" / "site" / "mkdocs.yml"
CODE = SimpleNamespace(**runpy.run_path(str(SITE.parent / "linked_code.py")))


def build(directory: Path) -> "subprocess.CompletedProcess[str]":
    """Build the site of a copy of the pages."""
    (directory / "deploy" / "site").mkdir(parents=True)
    for file in SITE.parent.glob("*.*"):
        shutil.copy(file, directory / "deploy" / "site")
    for file in {found["file"] for page in DOCS.glob("*.md") for found in CODE.LINK.finditer(page.read_text("utf-8"))}:
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / file, directory / file)
    return run(
        Path(sys.executable).parent / "mkdocs",
        *("build", "--strict", "--config-file", directory / "deploy" / "site" / SITE.name),
    )


def test_no_link_of_the_site_is_broken(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "site" / "tutorial" / "index.html").is_file()
    architecture = (tmp_path / "build" / "site" / "architecture" / "index.html").read_text(encoding="utf-8")
    assert 'href="../code/state/store.py/#storerecall"' in architecture


def test_a_broken_link_is_told(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n[a page](gone.md) and [a heading](settings.md#gone)\n")
    done = build(tmp_path)
    assert done.returncode != 0
    assert "'gone.md'" in done.stderr
    assert "'settings.md#gone'" in done.stderr


def command_of(words: list[str]) -> click.Command:
    """The command that a line beginning with these words calls."""
    command: click.Command = main
    for word in words:
        if not isinstance(command, click.Group) or word not in command.commands:
            break
        command = command.commands[word]
    return command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_commands_options_targets_and_settings_that_a_page_names_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:\w[\w-]*/)+[\w.-]+\.(?:py|yaml|yml|lua|sh|md|json|toml|acl|txt))(?:::\w+)?`", text))
    assert {one for one in files - MADE_UP if not (REPOSITORY / one).exists()} == set()
    for line in re.findall(r"twinwatch ([a-z-]+ [^`\n]*)", text):
        known = {name for option in command_of(line.split()).params for name in option.opts}
        if command_of(line.split()) is not main:
            assert set(re.findall(r" (--[a-z-]+)", line.partition("|")[0])) <= known | {"--help"}, line
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", text)) <= targets
    settings = {variable for variable, *_ in setting_rows()} | {"TWINWATCH_ENV_FILE", "TWINWATCH_USER"}
    assert set(re.findall(r"TWINWATCH_[A-Z_]*[A-Z]", text)) <= settings


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_every_link_of_the_readme_and_its_neighbours_leads_somewhere(page: str) -> None:
    links = re.findall(r"]\(([^)#]+)", (REPOSITORY / page).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if "://" not in link and not (REPOSITORY / link).exists()] == []


def test_the_readme_names_every_rule_once_with_its_article() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## What it looks for")[2].partition("\n\nModerators")[0]
    told: dict[str, str] = {}
    article = ""
    for first, second in re.findall(r"^\| ([^|]*)\| ([^|]*)\|", table, re.MULTILINE):
        article = first.strip() or article
        for slug in re.findall(r"`(\w+)`", second):
            assert slug not in told, slug
            told[slug] = article
    rules = all_rules()
    assert told.keys() == rules.keys()
    of_several = {"coordinated_campaign", "reported_by_members"}
    assert [slug for slug in rules.keys() - of_several if not told[slug].startswith(f"{rules[slug].article} ")] == []
    assert f"All {len(rules)} rules find something in the sample day" in " ".join(readme.split())


def test_the_package_says_what_it_is() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert (REPOSITORY / project["readme"]).is_file()
    assert all(project[name] for name in ("description", "license", "authors", "keywords", "classifiers"))
    versions = [one.rpartition(" ")[2] for one in project["classifiers"] if "Python :: 3." in one]
    assert versions == ["3.11", "3.12", "3.13", "3.14"]
    assert project["requires-python"] == f">={versions[0]}"


def test_the_page_of_the_architecture_has_twelve_steps_and_links_to_the_functions_that_take_them() -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    steps = re.findall(r"^(\d+)\. \*\*.*?(?=^\d+\.|^What happens)", page, re.MULTILINE | re.DOTALL)
    assert steps == [str(number) for number in range(1, 13)]
    for step in re.split(r"^\d+\. ", page, flags=re.MULTILINE)[1:]:
        linked = [(found["file"], found["name"]) for found in CODE.LINK.finditer(step)]
        assert linked, step
        assert len(linked) == step.count("::"), f"a function that is no link: {step}"
        for file, name in linked:
            assert name in CODE.beginnings((REPOSITORY / file).read_text("utf-8")), f"{file}::{name}"


def test_ten_files_lead_from_a_batch_to_its_incidents_each_used_by_one_before_it() -> None:
    files = re.findall(r"^\| `(\S+\.py)` \|", (DOCS / "architecture.md").read_text("utf-8"), re.MULTILINE)
    assert 5 < len(files) <= 10
    known = (REPOSITORY / files[0]).read_text("utf-8")
    for file in files[1:]:
        # modules with rules are found by the registry, which names none
        module = file.removesuffix(".py").replace("/", ".")
        has_rules = file.startswith("rules/") and re.search(
            r"^RULES = ", (REPOSITORY / file).read_text("utf-8"), re.MULTILINE
        )
        assert has_rules or re.search(rf"^from {module} import", known, re.MULTILINE), file
        known += (REPOSITORY / file).read_text("utf-8")


CONCEPTS = (DOCS / "concepts.md").read_text("utf-8")
EXPLAINED_WHERE_USED = {
    "band": "near-duplicates.md",
    "Footers": "detection.md",
    "Grace": "state.md",
    "Lateness": "state.md",
    "slots": "near-duplicates.md",
}
"""Words that one page needs, and those that it sends its readers to."""


def test_there_are_few_terms_and_other_pages_use_each() -> None:
    terms = [name for found in re.findall(r"^\*\*(.+?)\.\*\*", CONCEPTS, re.MULTILINE) for name in found.split(", ")]
    assert len(terms) == len(set(terms)) <= 25
    others = [page.read_text("utf-8") for page in PAGES if page.stem != "concepts"]
    unused = [term for term in terms if sum(bool(re.search(rf"\b{term}", one, re.IGNORECASE)) for one in others) < 2]
    assert unused == []


@pytest.mark.parametrize(
    "word",
    [
        *(
            "accomplices",
            "boilerplate",
            "generations",
            "ladder",
            "leaders",
            "level",
            "merged",
            "own words",
            "pseudonym",
        ),
        *("quota", "quotation", "seal", "shadow", "shard", "shingles", "signature", "stranger", "strike", "window"),
        *EXPLAINED_WHERE_USED,
    ],
)
def test_words_of_our_own_are_explained(word: str) -> None:
    page = (DOCS / EXPLAINED_WHERE_USED.get(word, "concepts.md")).read_text("utf-8")
    assert re.search(rf"(?<!\w)\*{{1,2}}{word}[.,]?\*", page, re.IGNORECASE), f"{word} is not explained"


def blocks_of_the_guide(language: str) -> list[str]:
    """The blocks of code in the guide, in their order."""
    page = (DOCS / "how-to.md").read_text("utf-8")
    return [dedent(block) for block in re.findall(rf"^ *```{language}\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)]


def test_the_rule_of_the_guide_is_one_with_its_limits_and_scenarios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (module,) = blocks_of_the_guide("python")
    limits_of_rule, scenarios = blocks_of_the_guide("yaml")
    path = tmp_path / "echo.py"
    path.write_text(module, encoding="utf-8")
    (rule,) = runpy.run_path(str(path))["RULES"]

    monkeypatch.setattr("rules.policy.all_rules", lambda: all_rules() | {rule.slug: rule})
    policy = yaml.safe_load((REPOSITORY / "rules" / "policy.yaml").read_text("utf-8"))
    policy["rules"] |= yaml.safe_load(limits_of_rule)
    limits = parse_policy(yaml.safe_dump(policy)).rules["echo"].limits
    assert rule.signals(limits).keys() == {"threads/1d"}
    post = context(ForumPost, forum_id="f", thread_id="t", text="Hello")
    assert not rule.judge(rule_input(post, threads_at_1d=4), limits)
    assert rule.judge(rule_input(post, threads_at_1d=5), limits).summary == "Posted in 5 threads within 24 hours."

    path = tmp_path / "echo.yaml"
    path.write_text(scenarios, encoding="utf-8")
    finds, finds_nothing = load(path)
    assert [one.rule for one in finds.expected] == ["echo"]
    assert not finds_nothing.expected


def test_the_tutorial_finds_what_it_says(servers: None, tmp_path: Path) -> None:
    page = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    (writes,) = re.findall(r"```\n(for .*?)```", page, re.DOTALL)
    assert run("bash", "-c", writes, cwd=tmp_path).returncode == 0
    lines = re.findall(r"^(?:\$| {4}) ?\.venv/bin/twinwatch (.*)$", page, re.MULTILINE)

    def twinwatch(start: str, **words: str) -> str:
        (line,) = (line for line in lines if line.startswith(start))
        command = f"{sys.executable} -m twinwatch {line}".format_map(words).replace(" ID ", f" {words.get('id')} ")
        done = run("bash", "-c", command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    twinwatch("replay day.jsonl --incidents")
    listed = twinwatch("incidents list")
    assert " ".join(listed.split()) in " ".join(page.split()), listed
    (incident,) = {yaml.safe_load(line)["incident_id"] for line in (tmp_path / "found.jsonl").read_text().splitlines()}
    shown = twinwatch("incidents show", id=incident)
    assert "project about bees" in shown
    twinwatch("policy show")
    policy = tmp_path / "mine.yaml"
    settings = yaml.safe_load(policy.read_text(encoding="utf-8"))
    (quota,) = (one for one in settings["rules"]["copied_message"]["limits"]["recipients"] if one["reach"] == 8)
    quota["reach"] = 10
    policy.write_text(yaml.safe_dump(settings), encoding="utf-8")
    twinwatch("policy check")
    assert twinwatch("replay day.jsonl --policy") == ""


SECTIONS = [(page.name, one) for page in sorted(DOCS.glob("*.md")) for one in sections(page.read_text("utf-8"))]


@pytest.mark.parametrize(("page", "section"), SECTIONS, ids=[f"{page} {one.name}" for page, one in SECTIONS])
def test_measured_numbers_are_as_their_command_wrote_them(page: str, section: Section) -> None:
    again = f"docs/{page}: {section.name}: nobody changes this by hand; run its command with --write"
    assert section.is_as_written, again
    modules = set(re.findall(r"python -m ((?:benchmarks|tests)[.\w]+)", section.text)) or {"benchmarks.accuracy"}
    for module in modules:
        path = REPOSITORY / module.replace(".", "/")
        source = (path / "__main__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8")
        assert f'"{section.name}"' in source, f"{module} writes no section {section.name}"


def test_a_command_writes_its_section_and_leaves_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "before\n\n<!-- measured found -->\n<!-- end -->\n\nafter\n\n<!-- measured other -->\n<!-- end -->\n", "utf-8"
    )
    with recorded("page.md", "found", write=False):
        print("| 0 |")
    assert "| 0 |" not in page.read_text("utf-8")
    with recorded("page.md", "found", write=True):
        print("| 17 |\n   what somebody wrote")
    told = page.read_text("utf-8")
    found, other = sections(told)
    assert found.is_as_written
    assert (found.name, other.name, other.text) == ("found", "other", "")
    assert "| 17 |" in found.text
    assert "what somebody wrote" not in told
    assert told.startswith("before\n\n<!-- measured found ")
    by_hand, _ = sections(told.replace("| 17 |", "| 18 |"))
    assert not by_hand.is_as_written
    with pytest.raises(ValueError, match="no section: <!-- measured gone -->"):
        with_section(told, "gone", [])


def test_a_set_that_is_measured_again_takes_the_place_of_its_rows() -> None:
    before = ["| ira_dev_2016_07 | found | 1 | monday |", "| spam_sms | found | 2 | monday |"]
    after = ["| spam_sms | found | 3 | tuesday |"]
    assert merged(before, after) == [before[0], after[0]]
    assert merged(after, before[:1]) == [before[0], after[0]]


def sentences(page: str) -> Iterator[str]:
    """The sentences of a page, without tables, code and headings."""
    page = re.sub(r"```.*?```|<!-- measured.*?<!-- end -->", "", page, flags=re.DOTALL)
    prose = "\n".join("" if line.startswith(("|", "#", "    ")) else line for line in page.splitlines())
    for paragraph in re.split(r"\n\s*\n|\n\s*(?=[*-] |\d+\. )", prose):
        yield from re.split(r"(?<=[.!?])[)*]*\s+", " ".join(paragraph.split()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_sentence_is_too_long_to_be_read_once(page: Path) -> None:
    long = [(len(one.split()), one) for one in sentences(page.read_text("utf-8")) if len(one.split()) > LONGEST]
    assert long == []
