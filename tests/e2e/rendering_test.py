"""How an answer looks on a terminal, and how it does not look anywhere else."""

import json
import re
import signal

from harness import require, scenario
from issuer import LoopbackIssuer, configure
from screen import Terminal

MARKDOWN = "markdown+size-3"


def answer(world, *arguments, env=None, **options):
    """The answer of a run on a terminal that asks one question."""
    return Terminal(world, "-p", "hi", "-m", MARKDOWN, *world.flags, *arguments, env=env, **options).ends(0)


@scenario
def markdown_is_rendered_on_a_terminal(world):
    terminal = answer(world)
    terminal.wait_for("## Sorting files", "Use ls with the size option, ls -lS, or see", "the manual (https://www.gnu.org/", "smallest first",
                      "2 * 3 * 4", "| a_b  | **1** |", "*.txt", "# not *emphasis*")
    require(terminal.styled("## Sorting").bold, "a bold heading")
    require(terminal.styled("ls with").bold and not terminal.styled(" with").bold, "a bold word and no more")
    require(terminal.styled("size option").italics, "emphasis")
    require(terminal.styled("ls -lS,").fg == "cyan" and terminal.styled("ls -lS *.txt").fg == "cyan", "code in its colour")
    require(terminal.styled("the manual").underscore, "a link underlined")
    require(terminal.styled("1. largest").fg == "default", "a list as it is")
    require(terminal.screen.cursor.attrs == terminal.screen.default_char, "the terminal's own colours at the end")
    require(not terminal.sees_bytes(b"\x1b]"), "no hyperlink, no title")


@scenario
def markdown_is_rendered_in_a_conversation(world):
    world.dotenv()
    terminal = Terminal(world, "-m", MARKDOWN + "+pace-1").wait_for("/help")
    terminal.enter("question")
    terminal.wait_for("Use ls with the size option", "**1** |")
    require(terminal.styled("size option").italics, "emphasis")
    terminal.enter("/quit")
    terminal.ends(0)


@scenario
def without_colours_markdown_stays_as_it_was_written(world):
    for arguments, env in ((["--raw"], {}), (["--color", "never"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}), (["--plain"], {})):
        terminal = answer(world, *arguments, env=env)
        terminal.wait_for("Use **ls** with the *size* option, `ls -lS`, or see", "[the manual](https://www.gnu.org/")
        require(not terminal.sees_bytes(b"\x1b"), f"no escape sequence with {arguments} {env}")


@scenario
def on_a_pipe_the_answer_is_as_it_was_sent(world):
    for arguments in ([], ["--raw"], ["--color", "always"]):
        run = world.qwen("-p", "hi", "-m", MARKDOWN, *world.flags, *arguments).exits(0).prints_part("Use **ls** with the *size* option, `ls -lS`, or see\n")
        require(b"\x1b" not in run.out_bytes, "no escape sequence on a pipe")


@scenario
def a_plain_conversation_has_no_escape_sequence(world):
    world.dotenv()
    for arguments, env in ((["--plain"], {}), ([], {"QWEN_PLAIN": "1"}), ([], {"QWEN_PLAIN": "1", "CLICOLOR_FORCE": "1"})):
        terminal = Terminal(world, "-m", MARKDOWN + "+slow-first-600", *arguments, env=env).wait_for("/help")
        terminal.enter("question")
        terminal.wait_for("waiting for 127.0.0.1", "**ls**", "**1** |")
        terminal.enter("/nonsense")
        terminal.wait_for("there is no command /nonsense")
        terminal.enter("/quit")
        terminal.ends(0)
        require(not terminal.sees_bytes(b"\x1b"), f"no escape sequence with {arguments} {env}")


@scenario
def a_terminal_that_is_not_in_utf8_gets_ascii_alone(world):
    world.dotenv()
    for language in ("C", "de_DE.ISO-8859-1"):
        terminal = Terminal(world, "-m", "echo+cut-\u00db2J", env={"LANG": language}).wait_for("/help", "openai_compat/echo+cut-?2J>")
        terminal.enter("/nonsense")
        terminal.wait_for("there is no command")
        terminal.enter("/model split-utf8")
        terminal.enter("question")
        terminal.wait_for("Once ??")
        terminal.at_prompt()
        terminal.paste("two\rlines")
        terminal.wait_for("> two^^lines")
        terminal.enter("")
        terminal.at_prompt()
        require(json.loads(world.chats()[-1]["body"])["messages"][-1]["content"] == "two\nlines", "a paste of two lines")
        terminal.enter("/quit")
        terminal.ends(0)
        require(terminal.bytes.isascii(), f"nothing but ASCII in {language}")
        for form in ("json", "stream-json"):
            terminal = Terminal(world, "-o", form, "-m", "echo", "-p", "\u201c\u00db2J\u201d \u4e2d", columns=1000, env={"LANG": language}).ends(0)
            said = json.loads(terminal.bytes.splitlines()[-1])["answer"]
            require(terminal.bytes.isascii() and said == "\u201c\u00db2J\u201d \u4e2d", f"the whole answer in ASCII, not {terminal.bytes!r}")


@scenario
def a_locale_that_is_missing_costs_no_letter(world):
    world.dotenv()
    for env in ({"LANG": "xx_YY.UTF-8"}, {"LANG": None}, {"LANG": "C"}):
        terminal = Terminal(world, "-m", "echo", env=env, utf8_terminal=True).wait_for("openai_compat/echo>")
        terminal.enter("na\u00efve \u4e2d\u6587")
        terminal.wait_for("echo> na\u00efve \u4e2d\u6587")
        world.wait_for(lambda: world.chats(), "the request")
        terminal.wait_for("\nna\u00efve \u4e2d\u6587")
        terminal.enter("/quit")
        terminal.ends(0)


@scenario
def without_colours_a_conversation_has_none(world):
    world.dotenv()
    for arguments, env in ((["--color", "never"], {}), ([], {"NO_COLOR": "1"})):
        terminal = Terminal(world, "-m", MARKDOWN, *arguments, env=env).at_prompt()
        terminal.enter("question")
        terminal.at_prompt().wait_for("**1** |")
        terminal.enter("/nonsense")
        terminal.at_prompt().wait_for("there is no command /nonsense")
        terminal.enter("/quit")
        terminal.ends(0)
        require(not re.search(rb"\x1b\[[0-9;]*m", terminal.bytes), f"no colour with {arguments} {env}")


@scenario
def what_is_drawn_over_fits_a_narrow_terminal(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    terminal = Terminal(world, "auth", "login", "qwen_oauth", "--no-browser", columns=30, rows=20)
    terminal.wait_for_bytes(b"waiting")
    begin = len(terminal.bytes)
    terminal.wait_for_bytes(b"waiting", begin)
    terminal.wait_until_quiet()
    require(terminal.text().count("waiting") == 1, f"one line that counts, not\n{terminal.text()}")
    terminal.interrupt()
    terminal.ends(-signal.SIGINT)
    world.dotenv()
    conversation = Terminal(world, "-m", "slow-first-600", "--no-history", "--provider", "openai_compat", columns=20, rows=12).at_prompt()
    conversation.enter("q")
    conversation.wait_for("waiting for 127.0.0")
    conversation.at_prompt()
    require("waiting" not in conversation.text(), f"no trace of it\n{conversation.text()}")
    conversation.enter("/quit")
    conversation.ends(0)
