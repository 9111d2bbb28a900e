"""Shows on the site the code that its pages link to, so that a link leads somewhere there as it does in the repository."""

import ast
import re
from itertools import pairwise
from pathlib import Path

from markdown.extensions.toc import slugify
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

LINK = re.compile(r"\[`(?P<file>[\w/]+\.(?:py|yaml))(?:::(?P<name>[\w.]+))?`\]\(\.\./(?P=file)\)")
"""A link to a file, or to a function, a class or a method in it, as pages have it: it leads to the file."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """A page for each file of code that a page links to."""
    linked: dict[str, set[str]] = {}
    for page in files.documentation_pages():
        for found in LINK.finditer(page.content_string):
            linked.setdefault(found["file"], set()).add(found["name"] or "")
    repository = Path(config.config_file_path).parents[2]
    for file, names in sorted(linked.items()):
        content = _page(file, (repository / file).read_text(encoding="utf-8"), names)
        shown = File.generated(config, f"code/{file}.md", content=content)
        shown.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(shown)
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Links to code lead to the heading before it."""

    def shown(found: re.Match[str]) -> str:
        file, name = found["file"], found["name"]
        return f"[`{file}::{name}`](code/{file}.md#{slugify(name, '-')})" if name else f"[`{file}`](code/{file}.md)"

    return LINK.sub(shown, markdown)


def _page(file: str, code: str, names: set[str]) -> str:
    """The code, with a heading before each of `names`."""
    lines = code.splitlines()
    kind = Path(file).suffix.removeprefix(".")
    found = beginnings(code) if kind == "py" else {}
    starts = sorted((line, name) for name, line in found.items() if name in names)
    parts = [f"---\nsearch: {{exclude: true}}\n---\n# `{file}`"]
    cuts = [(1, ""), *starts, (len(lines) + 1, "")]
    for (begin, name), (end, _) in pairwise(cuts):
        parts += [f"## `{name}`"] if name else []
        parts.append("\n".join([f'``````{kind} linenums="{begin}"', *lines[begin - 1 : end - 1], "``````"]))
    return "\n\n".join(parts) + "\n"


def beginnings(code: str) -> dict[str, int]:
    """The line at which each function, class and method begins, its decorators among it; a method is `Class.method`."""

    def within(node: ast.AST, prefix: str) -> dict[str, int]:
        found = {}
        for one in ast.iter_child_nodes(node):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found[prefix + one.name] = min([one.lineno, *(each.lineno for each in one.decorator_list)])
                found |= within(one, f"{prefix}{one.name}.")
        return found

    return within(ast.parse(code), "")
