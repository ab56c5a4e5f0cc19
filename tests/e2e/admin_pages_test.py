"""The pages for operations teams: what they say to type is typed here, and what they say comes out has to come out."""

import os
import re

from governed import DENIED, Governed
from harness import Failure, require, scenario

SECTION = "## Ten minutes"


def blocks(page):
    """(language, lines) of each fenced block of the section, without its indentation."""
    section = page[page.index(SECTION):]
    section = section[:section.index("\n## ", 1)]
    for language, body in re.findall(r"^ *```(\w*)\n(.*?)^ *```", section, re.M | re.S):
        lines = body.splitlines()
        indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
        yield language, [line[indent:] for line in lines]


def steps(lines):
    """(command, expected lines) of a block; a line of output that is an ellipsis stands for any more."""
    found = []
    for line in lines:
        if line.startswith(("$ ", "# ")):
            found.append((line, []))
        elif found:
            found[-1][1].append(line)
    return found


def normal(text):
    return re.sub(r"\s+", " ", text).strip()


def check(shown, expected):
    """Each expected line in its order; nothing between them unless an ellipsis allows it."""
    rest = [normal(line) for line in shown.splitlines()]
    may_skip = False
    for line in map(normal, expected):
        if line == "…":
            may_skip = True
            continue
        while may_skip and rest and rest[0] != line:
            rest.pop(0)
        if not rest or rest.pop(0) != line:
            raise Failure(f"  the page says {line!r}, the program said\n{shown}")
        may_skip = False
    require(may_skip or not rest, f"no more than the page says, not {rest}")


@scenario
def the_ten_minutes_of_the_policy_page(world):
    it = Governed(world)
    it.directory.rmdir()
    commands = world.root / "commands"
    commands.mkdir()
    (commands / "qwen").symlink_to(it.program)
    env = {"PATH": f"{commands}:/usr/bin:/bin", "QWEN_TEST_POLICY_DIRECTORY": str(it.directory)}
    page = (world.source / "docs/admin/policy.md").read_text()
    typed = 0
    for language, lines in blocks(page):
        if language == "toml":
            world.write(lines[0].removeprefix("# "), "\n".join(lines) + "\n")
            continue
        for command, expected in steps(lines):
            line = command[2:].replace("/etc/qwen", str(it.directory)).split("  #")[0]
            if command.startswith("# "):
                # Who may install for everybody is root; here it is whoever runs the tests.
                line = line.replace("-o root -g root ", "")
                os.umask(0o022)
            run = world.qwen("-c", f"{{ {line}; }} 2>&1", program="/bin/sh", env=env)
            typed += 1
            if expected:
                check(run.out.replace(str(it.directory), "/etc/qwen"), expected)
            elif command.startswith("$ "):
                run.exits(DENIED).prints_part(str(it.directory / "policy.toml"))
            else:
                run.exits(0)
    require(typed >= 7, f"the page's commands, not {typed}")
