"""docs/plugins/tutorial.md, followed to the letter: the page's commands, files and outputs, in the page's order, from the installed SDK outside the tree."""

import re
import subprocess

from governed import Governed
from harness import STORY, Failure, Run, require, scenario
from workshop import Workshop

DIRECTIVE = re.compile(r"<!-- (yours|file: (?P<file>\S+)|replace (?P<function>\w+) in (?P<source>\S+)) -->")


class Step:
    """A fenced block of the page: its language, the directive before it, where it stands."""

    def __init__(self, language, directive, line):
        self.language, self.directive, self.line, self.lines = language, directive, line, []
        self.expected = None

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


def read_page(text):
    steps, directive, open_step = [], None, None
    for number, line in enumerate(text.splitlines(), 1):
        if open_step is not None:
            if line == "```":
                if open_step.language == "text":
                    steps[-1].expected = open_step
                else:
                    steps.append(open_step)
                open_step = None
            else:
                open_step.lines.append(line)
        elif line.startswith("```"):
            open_step, directive = Step(line[3:], directive, number), None
        elif line.strip():
            directive = DIRECTIVE.fullmatch(line)
    return steps


def matches(wanted, found):
    """`…` alone on a line is any lines, elsewhere any text of one line."""
    pattern = ""
    for line in wanted:
        pattern += r"(?:[^\n]*\n)*" if line == "…" else "[^\n]*".join(map(re.escape, line.split("…"))) + "\n"
    return re.fullmatch(pattern, found) is not None


class Reader:
    """Somebody at a shell who does what the page says."""

    def __init__(self, workshop, program, yours):
        self.workshop, self.yours = workshop, yours
        self.world = workshop.world
        tools = self.world.root / "tools"
        tools.mkdir()
        (tools / "qwen").symlink_to(program)
        self.environment = {**workshop.environment(), "PATH": f"{tools}:{workshop.environment()['PATH']}"}
        del self.environment["CMAKE_PREFIX_PATH"]
        self.variables = self.world.root / "variables.sh"
        self.variables.write_text("")
        self.variables.chmod(0o600)
        self.world.written.add(self.variables.resolve())

    def follow(self, step):
        if step.language == "sh":
            self.type_in(step)
        elif step.directive["file"]:
            path = self.workshop.place / step.directive["file"]
            path.parent.mkdir(exist_ok=True)
            path.write_text(step.text)
        else:
            self.replace_function(self.workshop.place / step.directive["source"], step)

    def type_in(self, step):
        block = step.text
        if step.directive is not None:
            names = re.findall(r"^export (\w+)=", block, re.MULTILINE)
            require(names == list(self.yours), f"the reader's variables to be {list(self.yours)}, not {names}")
            block = "".join(f"export {name}='{value}'\n" for name, value in self.yours.items())
        script = f". '{self.variables}'\nset -aeu\n{block}\nexport -p >'{self.variables}'\n"
        done = subprocess.run(["bash", "-c", script], cwd=self.workshop.place, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=110, check=False)
        run = Run(["tutorial.md, line", str(step.line)], done.returncode, done.stdout, b"")
        self.world.runs.append(run)
        for stored in self.world.home.glob(".qwen/*.json"):
            self.world.written.add(stored.resolve())
        if done.returncode != 0:
            raise Failure(f"  the commands at line {step.line} of the page fail:\n{run.out}")
        if step.expected is not None and not matches(step.expected.lines, run.out):
            raise Failure(f"  the commands at line {step.line} of the page print something else:\n{run.out}\n  wanted:\n{step.expected.text}")

    @staticmethod
    def replace_function(path, step):
        function = re.compile(rf"^static qwen_status {step.directive['function']}\(.*?^}}\n", re.MULTILINE | re.DOTALL)
        text, count = function.subn(lambda _: step.text, path.read_text())
        require(count == 1, f"one function {step.directive['function']} in {path}, not {count}")
        path.write_text(text)


@scenario
def a_provider_made_from_the_pages_alone_is_built_checked_installed_signed_in_to_and_used(world):
    """Every step of the page. The provider runs in its own process, as third-party plugins do; then inside the program, because a policy pins and allows it."""
    workshop = Workshop(world)
    page = (workshop.prefix / "share/doc/qwen/plugins/tutorial.md").read_text()
    yours = {"QWEN_BUILD": world.build, "ACME_URL": world.url, "ACME_API_KEY": world.key, "ACME_ISSUER": f"{world.provider.base_url}/api/v1/oauth2"}
    reader = Reader(workshop, world.program, yours)
    *steps, farewell = read_page(page)
    for step in steps:
        reader.follow(step)

    # Signed in by the page's `auth login --with-api-key`.
    ask = ["--provider", "acme", "-m", "chunks-20+pace-10", "-o", "stream-json", "-p", "hi"]

    def answers(run):
        events = run.exits(0).json_lines()
        deltas = [event["text"] for event in events if event["type"] == "delta"]
        require(len(deltas) > 5 and "".join(deltas) == STORY, f"the answer in parts, not {events}")

    # Signed in by the page's `auth login --with-api-key`.
    answers(world.qwen(*ask))
    refused = world.qwen("--provider", "acme", "-m", "status-429+retry-after-9", "-p", "hi").prints_nothing().exits(6)
    refused.complains("Acme's free minutes are used up", "https://acme.example/plans")

    facts = world.qwen("plugin", "inspect", "acme", "--json").exits(0).json()["plugin"]
    require(facts["isolation"] == "isolated child", f"a process of its own, not {facts['isolation']}")
    pin = f'[[plugin]]\nid = "acme"\nsha256 = ["{facts["sha256"]}"]\n'
    governed = Governed(world, f'schema = 1\n\n[plugins]\nisolation_min = "in-process"\n\n{pin}')
    inside = governed.qwen("plugin", "inspect", "acme", "--json").exits(0).json()["plugin"]
    require(inside["isolation"] == "in-process", f"inside the program, not {inside['isolation']}")
    answers(governed.qwen(*ask))
    require(world.source not in workshop.place.parents, "a folder outside the source tree")
    reader.follow(farewell)
    world.qwen("--provider", "acme", "-p", "hi").exits(3).prints_nothing().complains('no provider is called "acme"')
