"""The screens of a conversation, kept as text in tests/e2e/screens: what a person sees, at the usual size and at a small one."""

import json
import signal

from harness import require, scenario
from screen import Terminal

SIZES = ((80, 24), (40, 15))
STREAM = "markdown+size-3"
STALLED = STREAM + "+stall-after-40"  # in the middle of a word


def talk(world, model, columns, rows):
    """A conversation at its first prompt."""
    env = {"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": world.url}
    return Terminal(world, "--no-history", "-m", model, columns=columns, rows=rows, env=env).at_prompt()


def at_each_size(world, model="gpt-4o"):
    return (talk(world, model, columns, rows) for columns, rows in SIZES)


def leave(terminal):
    """From a prompt."""
    terminal.interrupt()
    terminal.at_prompt()
    terminal.type("\x04")
    terminal.ends(0)


def messages(world):
    return [message["content"] for message in json.loads(world.chats()[-1]["body"])["messages"]]


@scenario
def the_first_prompt(world):
    for terminal in at_each_size(world):
        terminal.shows("first_prompt")
        leave(terminal)


@scenario
def an_answer_with_markdown(world):
    for terminal in at_each_size(world, STREAM):
        terminal.enter("how do I sort?")
        terminal.shows("markdown_answer")
        leave(terminal)


@scenario
def an_answer_in_the_middle_and_stopped(world):
    for terminal in at_each_size(world, STALLED):
        terminal.enter("how do I sort?")
        terminal.shows("answer_begun")
        terminal.interrupt()
        terminal.shows("answer_stopped")
        terminal.enter("/status")
        terminal.shows("status")
        leave(terminal)


@scenario
def an_error_in_the_middle_of_an_answer(world):
    for terminal in at_each_size(world, STREAM + "+error-event-40"):
        terminal.enter("how do I sort?")
        terminal.shows("error_in_the_middle")
        leave(terminal)


@scenario
def the_help_and_a_command_there_is_not(world):
    for terminal in at_each_size(world):
        terminal.enter("/help")
        terminal.shows("help")
        terminal.enter("/mdel")
        terminal.shows("unknown_command")
        leave(terminal)


@scenario
def an_earlier_line_after_the_up_arrow(world):
    for terminal in at_each_size(world, "echo"):
        terminal.enter("the first question")
        terminal.at_prompt()
        terminal.enter("the second question")
        terminal.at_prompt()
        terminal.type("\x1b[A\x1b[A")
        terminal.shows("up_arrow")
        terminal.type("\x1b[B and more")
        terminal.shows("down_arrow")
        leave(terminal)


@scenario
def a_paste_of_several_lines(world):
    for terminal in at_each_size(world, "echo"):
        terminal.paste("def f(x):\r\treturn x\r\rprint(f(1))")
        terminal.shows("paste")
        terminal.enter("")
        terminal.shows("paste_answered")
        leave(terminal)
        require(messages(world) == ["def f(x):\n return x\n\nprint(f(1))"], f"the lines as they were pasted, not {messages(world)}")


@scenario
def wide_and_combining_characters(world):
    for terminal in at_each_size(world, "echo+size-1"):
        terminal.type("漢字かな交じり文 한국어 😀 ＡＢＣ and a word that comes to the end of the line")
        terminal.shows("wide_typed")
        terminal.type("\x7f" * 5)
        terminal.shows("wide_erased")
        terminal.type("\x01\x04")
        terminal.shows("wide_first_erased")
        terminal.enter("")
        terminal.shows("wide_answered")
        terminal.enter("e\u0301 n\u0303 \u0e01\u0e33")
        terminal.shows("combining_answered")
        leave(terminal)


@scenario
def a_resize_while_a_line_is_edited(world):
    for (columns, rows), (new_columns, new_rows) in ((SIZES[0], SIZES[1]), (SIZES[1], SIZES[0])):
        terminal = talk(world, "echo", columns, rows)
        terminal.type("one two three four five six seven eight nine ten eleven")
        terminal.wait_for("eleven")
        terminal.resize(new_columns, new_rows)
        terminal.type(" twelve")
        terminal.shows("line_after_resize")
        terminal.enter("")
        terminal.at_prompt()
        terminal.shows("answer_after_resize_of_a_line")
        require(messages(world)[-1] == "one two three four five six seven eight nine ten eleven twelve", f"the line, not {messages(world)}")
        leave(terminal)


@scenario
def a_resize_while_an_answer_arrives(world):
    for (columns, rows), (new_columns, new_rows) in ((SIZES[0], SIZES[1]), (SIZES[1], SIZES[0])):
        terminal = talk(world, STALLED, columns, rows)
        terminal.enter("how do I sort?")
        terminal.wait_for("see")
        terminal.resize(new_columns, new_rows)
        terminal.interrupt()
        terminal.at_prompt()
        terminal.shows("after_resize_of_an_answer")
        leave(terminal)


@scenario
def a_small_terminal_is_usable(world):
    """Narrower than 40 columns: everything is there, only broken into more lines."""
    terminal = talk(world, STREAM, 24, 12)
    terminal.shows("tiny_first_prompt")
    terminal.enter("how do I sort these files?")
    terminal.shows("tiny_answer")
    terminal.enter("/nonsense")
    terminal.shows("tiny_error")
    leave(terminal)


@scenario
def a_terminal_too_small_for_anything_does_no_harm(world):
    terminal = talk(world, "echo", 80, 24)
    for columns, rows in ((1, 1), (2, 2), (5, 3), (80, 24)):
        terminal.resize(columns, rows)
        terminal.type("a")
        terminal.wait_until_quiet()
    terminal.process.send_signal(signal.SIGWINCH)
    terminal.enter("")
    terminal.at_prompt()
    require(messages(world) == ["aaaa"], f"what was typed, not {messages(world)}")
    leave(terminal)
