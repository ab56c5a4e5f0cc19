"""`qwen` as a new user meets it: an empty home, a sign-in, a change of provider in the middle of a conversation, and the next day."""

import json
import signal

from governed import Governed
from harness import STORY, require, scenario
from issuer import LoopbackIssuer, configure, remember_tokens
from screen import Terminal

CREDENTIALS = ".qwen/credentials.json"
UP, DOWN, ESC = "\x1b[A", "\x1b[B", "\x1b"


def contents(request):
    return [message["content"] for message in json.loads(request["body"])["messages"]]


def keep_credentials(world):
    """The key may stand in the credential file and nowhere else."""
    world.written.add((world.home / CREDENTIALS).resolve())


def first_run(world, **options):
    return Terminal(world, **options).wait_for("How do you want to sign in?", "filter:")


def choose(terminal, title, name):
    terminal.wait_for(title, "filter:")
    terminal.type(name)
    terminal.wait_for("filter: " + name)
    terminal.type("\r")


def enter_key(world, terminal, url=None):
    """Key, server, model, from the field of the key on."""
    terminal.wait_for("Esc back", "API key:")
    terminal.paste(f'"{world.key}"\n')
    terminal.wait_for("••••")
    terminal.type("\r")
    terminal.wait_for("Spaces, quotes", "Base URL:")
    terminal.enter(url or world.url)
    keep_credentials(world)


def the_whole_story(world, columns, rows):
    """Sign in by device flow, two questions, a key, a question that knows the conversation, back again, and `qwen -c`."""
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    size = {"columns": columns, "rows": rows}
    terminal = first_run(world, timeout=40, **size).wait_for("> 1 Qwen account")
    terminal.type("\r")
    terminal.wait_for("Approve only if you started")
    issuer.approve(None)
    terminal.wait_for("qwen_oauth/coder-model>")
    remember_tokens(world)
    for number, question in enumerate(("first question", "second question")):
        terminal.at_prompt().enter(question)
        world.wait_for(lambda: issuer.answers_asked() == number + 1, "an answer of the sign-in's server")
        terminal.wait_for(question, "at last.")

    terminal.at_prompt().enter("/auth")
    choose(terminal, "Who is to answer?", "add")
    choose(terminal, "What is to be added?", "openai")
    enter_key(world, terminal)
    terminal.wait_for("Which model?", "> gpt-4o")
    terminal.type("\r")
    terminal.wait_for("Conversation kep", "openai/gpt-4o>")
    terminal.at_prompt().enter("third question")
    world.wait_for(lambda: len(world.chats()) == 1, "the first answer of the key's server")
    require(contents(world.chats()[0]) == ["first question", STORY, "second question", STORY, "third question"], "the whole conversation for the other provider")
    terminal.wait_for("third question", "at last.")
    terminal.at_prompt().enter("/auth")
    choose(terminal, "Who is to answer?", "qwen")
    terminal.wait_for("Conversation kep", "qwen_oauth/coder-model>")
    terminal.at_prompt().enter("/quit")
    terminal.ends(0)

    again = Terminal(world, "-c", **size).wait_for("Continued: 6 messages.")
    again.at_prompt().enter("fourth question")
    again.wait_for("fourth question", "at last.")
    again.at_prompt().enter("/quit")
    again.ends(0)


@scenario
def from_an_empty_home_to_a_continued_conversation(world):
    the_whole_story(world, 80, 24)


@scenario
def the_same_at_40_columns(world):
    the_whole_story(world, 40, 15)


def nothing_was_written(world):
    require(not (world.home / CREDENTIALS).exists(), "no credential file")
    require(not (world.home / ".qwen" / "oauth_creds.json").exists(), "no sign-in")


@scenario
def esc_anywhere_changes_nothing(world):
    terminal = first_run(world)
    terminal.type("openrouter")
    terminal.wait_for("> ", "filter: openrouter")
    terminal.type("\r")
    terminal.wait_for("OpenRouter, keys: https://openrouter.ai/keys", "API key:")
    terminal.escape().wait_for("How do you want to sign in?")
    choose(terminal, "How do you want", "other")
    terminal.wait_for("API key:")
    terminal.paste(world.key)
    terminal.type("\r")
    terminal.wait_for("Enter: https://api.openai.com/v1", "Base URL:")
    terminal.escape().wait_for("How do you want to sign in?")
    choose(terminal, "How do you want", "other")
    terminal.wait_for("API key:")
    terminal.paste(world.key)
    terminal.type("\r")
    terminal.wait_for("Esc back\nBase URL:")
    terminal.enter(world.url)
    terminal.wait_for("Which model?")
    terminal.escape().wait_for("How do you want to sign in?")
    terminal.type(ESC)
    terminal.wait_for("Cancelled. Nothing was changed.").ends(130)
    nothing_was_written(world)
    require(not world.chats(), "no question sent")


@scenario
def killed_in_the_middle_of_a_key_it_leaves_the_terminal_as_it_was(world):
    for number in (signal.SIGTERM, signal.SIGHUP):
        terminal = first_run(world)
        choose(terminal, "How do you want", "openrouter")
        terminal.wait_for("API key:")
        terminal.type(world.key)
        terminal.wait_for("•" * 20)
        terminal.process.send_signal(number)
        terminal.ends(-number)
        require(terminal.bytes.endswith(b"\x1b[?2004l"), "pastes no longer marked")
    terminal = first_run(world)
    terminal.interrupt()
    terminal.wait_for("Cancelled. Nothing was changed.").ends(130)
    nothing_was_written(world)


@scenario
def a_refused_key_and_a_silent_server_are_told_apart(world):
    terminal = first_run(world)
    choose(terminal, "How do you want", "other")
    terminal.wait_for("API key:")
    terminal.type("not-the-key")
    terminal.wait_for("•" * 11)
    terminal.type("\x12")
    terminal.wait_for("API key: not-the-key", "Ctrl-R hides it")
    terminal.type("\x12\r")
    terminal.wait_for("Esc back\nBase URL:")
    terminal.enter(world.url)
    terminal.wait_for("127.0.0.1 refuses this key", "Nothing was saved", "What now?")
    nothing_was_written(world)
    terminal.type("\r")
    terminal.wait_for("Ctrl-R shows it, Esc back\nAPI key:")
    terminal.paste(world.key)
    terminal.type("\r")
    terminal.wait_for(f"Enter: {world.url}")
    terminal.type("\x15")
    terminal.enter("http://127.0.0.1:9/v1")
    terminal.wait_for("127.0.0.1 cannot be reached", "Nothing was saved", "What now?")
    nothing_was_written(world)
    keep_credentials(world)
    terminal.type(DOWN + "\r")
    terminal.wait_for("Enter: gpt-4o", "Model:")
    terminal.type("\r")
    terminal.wait_for("Signed in: openai_compat", "credentials.json (0600)", "openai_compat/gpt-4o>")
    terminal.at_prompt().enter("/quit")
    terminal.ends(0)
    require((world.home / CREDENTIALS).stat().st_mode & 0o777 == 0o600, "a file for its owner only")


@scenario
def a_local_server_needs_no_key_and_stays_the_one_that_answers(world):
    terminal = first_run(world)
    choose(terminal, "How do you want", "self-hosted")
    terminal.wait_for("Enter alone: none", "API key:")
    terminal.type("\r")
    terminal.wait_for("Esc back\nBase URL:")
    terminal.enter(world.url)
    terminal.wait_for("What now?")
    terminal.type(DOWN + "\r")
    terminal.wait_for("Model:", "Enter: gpt-4o")
    terminal.enter("echo")
    terminal.wait_for("Signed in: local", "local/echo>")
    terminal.at_prompt().enter("/quit")
    terminal.ends(0)
    world.qwen("config", "explain").exits(0).prints_part("local")
    Terminal(world).wait_for("local/echo>").at_prompt().type("\x04")


@scenario
def a_list_follows_the_size_of_the_terminal(world):
    terminal = first_run(world)
    terminal.wait_for("> 1 Qwen account", "Other (OpenAI-compatible API)")
    terminal.resize(40, 8)
    terminal.wait_for("> 1 Qwen account", "  2 OpenAI", "Enter chooses, Esc back, filter:")
    terminal.type(UP)
    terminal.wait_for("Other (Open")
    terminal.resize(80, 24)
    terminal.wait_for("> ", "Other (OpenAI-compatible API)", "How do you want to sign in?")
    terminal.type(ESC)
    terminal.wait_for("Cancelled").ends(130)


@scenario
def without_a_screen_to_draw_on_there_are_numbers(world):
    for options in ({"env": {"TERM": "dumb"}}, {"env": {"QWEN_PLAIN": "1"}}):
        terminal = Terminal(world, **options).wait_for("How do you want to sign in?", "  1 Qwen account: browser", "number, or part of a name (Enter: back):")
        terminal.enter("openrou")
        terminal.wait_for("API key (not shown):")
        terminal.enter("")
        terminal.wait_for("How do you want to sign in?")
        terminal.enter("77")
        terminal.wait_for("that is not one of them")
        terminal.enter("")
        terminal.wait_for("Cancelled. Nothing was changed.").ends(130)
        require(not terminal.sees_bytes(b"\x1b"), "no escape sequence")


@scenario
def what_the_administrator_denies_stands_in_the_list_and_cannot_be_chosen(world):
    governed = Governed(world, 'schema = 1\n[providers]\ndeny = ["openrouter", "qwen_oauth"]\n')
    world.program = governed.program
    terminal = first_run(world, env={"QWEN_TEST_POLICY_DIRECTORY": str(governed.directory)}, columns=160)
    terminal.wait_for("> 1 OpenAI", "OpenRouter", f"denied by the administrator ({governed.line(3)}", "    qwen_oauth")
    terminal.type("openrouter")
    terminal.wait_for("filter: openrouter")
    require("> " not in terminal.text().replace("filter: ", ""), "nothing marked")
    terminal.type("\r")
    terminal.wait_until_quiet(0.2)
    require("API key:" not in terminal.text() and "filter: openrouter" in terminal.text(), "Enter without effect")
    terminal.type(ESC)
    terminal.ends(130)
    nothing_was_written(world)


@scenario
def a_plugin_of_a_third_party_stands_in_the_list(world):
    world.qwen("plugin", "install", world.build / "tests" / "plugins" / "well_behaved.so").exits(0)
    terminal = first_run(world)
    terminal.type("well_behaved")
    terminal.wait_for("> ", "plugin well_behaved", "filter: well_behaved")
    terminal.type(ESC)
    terminal.wait_for("Cancelled").ends(130)
