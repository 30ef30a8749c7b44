"""What stands on the pages: their fenced blocks, and the commands in blocks and in text.

A block that no test can run has a line ahead of it that says why: ``<!-- not run: Docker -->``. A block of YAML may
have one that says which file it is: ``<!-- file: order.arazzo.yaml -->``.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
import yaml

from airflow_arazzo.cli import main

ROOT = Path(__file__).parents[2]
#: Written by tests from what they have seen, or with examples that a test of the page's own triggers.
OTHERS = ("conformance.md", "corpus.md", "failures.md", "reliability.md", "rules.md", "security-tests.md")
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "core/README.md")),
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.name not in OTHERS),
]
#: Why a block is not run.
REASONS = ("a cluster", "a running Airflow", "an index", "Docker", "the network")
LANGUAGES = ("console", "ini", "json", "python", "sh", "text", "yaml")
_BLOCK = re.compile(
    r"^(?:<!-- (?P<key>not run|file): (?P<value>.+?) -->\n)?"
    r"(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_ARAZZO = re.compile(r"(?:airflow-arazzo|airflow arazzo|arazzo)(?= |$)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None
    file: str | None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, but for the directives of Sphinx, which `make docs` reads."""
    found = []
    for match in _BLOCK.finditer(text_of(page)):
        if match["language"].startswith("{"):
            continue
        indent = len(match["indent"])
        text = "".join(line[indent:] if line.strip() else line for line in match["text"].splitlines(keepends=True))
        said = {match["key"]: match["value"]}
        line = text_of(page).count("\n", 0, match.start()) + 1
        found.append(
            Block(name_of(page), line, match["language"], text, reason=said.get("not run"), file=said.get("file"))
        )
    return found


def without_blocks(page: Path) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def commands_of(page: Path) -> list[str]:
    """Return every command that a page names: in blocks of shell, in steps of CI, in the text between."""
    spans = re.findall(r"`([^`\n]+)`", without_blocks(page))
    commands = [span for span in spans if re.match(r"(airflow-arazzo|airflow|arazzo|make) \S", span)]
    for block in blocks_of(page):
        match block.language:
            case "sh":
                commands += re.sub(r"\\\n\s*", " ", block.text).splitlines()
            case "console":
                commands += [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
            case "yaml":
                commands += [text for item in yaml.safe_load_all(block.text) for text in _steps(item)]
    return commands


def _steps(value: Any) -> list[str]:
    match value:
        case dict():
            own = [value[key] for key in ("run", "entry") if isinstance(value.get(key), str)]
            return own + [text for item in value.values() for text in _steps(item)]
        case list():
            return [text for item in value for text in _steps(item)]
    return []


def mistakes(command: str) -> list[str]:
    """Return what a command names that is not there: a command, an option, a target of make, a path to install."""
    if _ARAZZO.match(command.removeprefix("$ ")):
        return _arazzo_mistakes(shlex.split(_ARAZZO.sub("arazzo", command, count=1), comments=True)[1:])
    if command.startswith("make "):
        return _make_mistakes(shlex.split(command, comments=True)[1:])
    if command.startswith("pip install "):
        return _pip_mistakes(shlex.split(command, comments=True)[2:])
    return []


def _arazzo_mistakes(words: list[str]) -> list[str]:
    top = click.Context(main)
    if not words or words[0].startswith("-"):
        return [word for word in words if word.startswith("-") and word not in ("--help", "--version", "-h")]
    command = main.get_command(top, words[0])
    if command is None:
        return [f"no command {words[0]}"] if re.fullmatch(r"[a-z][a-z-]*", words[0]) else []
    options = {name for option in command.params for name in option.opts} | {"--help", "-h"}
    return [f"no option {word}" for word in words if word.startswith("-") and word.split("=")[0] not in options]


def _make_mistakes(words: list[str]) -> list[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"\$\(([A-Z]+)\)|\$\(call yes,\$\(([A-Z]+)\)", makefile))
    known = {name for pair in variables for name in pair} | set(re.findall(r"\(([A-Z]+)[,)]", makefile))
    return [
        f"make has no {word}"
        for word in words
        if (word.split("=")[0] not in known if "=" in word else word not in targets)
    ]


def _pip_mistakes(words: list[str]) -> list[str]:
    wrong = []
    for word in words:
        path, _, extra = word.partition("[")
        if (
            word.startswith("-")
            or word.endswith(".txt")
            or re.fullmatch(r"(arazzo-core|airflow-provider-arazzo)\S*", path)
        ):
            continue
        project = ROOT / path / "pyproject.toml"
        if not path.startswith(".") or not project.is_file():
            wrong.append(f"no {path} to install")
        elif extra and not re.search(rf"^{extra.removesuffix(']')} = ", project.read_text("utf-8"), re.MULTILINE):
            wrong.append(f"no extra {extra}")
    return wrong
