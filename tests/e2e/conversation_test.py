"""`qwen` alone on a terminal: a conversation, driven as a person drives it."""

import json
import signal
import ssl

from harness import STORY, require, scenario
from network_test import certificates
from screen import Terminal

PROMPT = "openai_compat/gpt-4o> "


def conversation(world, model="gpt-4o", **options):
    world.dotenv()
    return Terminal(world, "-m", model, **options).wait_for("/help", f"openai_compat/{model}>")


def last_messages(world):
    return json.loads(world.chats()[-1]["body"])["messages"]


@scenario
def the_second_question_knows_the_first(world):
    terminal = conversation(world)
    terminal.enter("first question")
    terminal.wait_for(STORY[:40], STORY[-12:])
    terminal.enter("second question")
    world.wait_for(lambda: len(world.chats()) == 2, "the second request")
    terminal.wait_for("second question")
    terminal.enter("/quit")
    terminal.ends(0)
    require([message["role"] for message in last_messages(world)] == ["user", "assistant", "user"], "the whole conversation")
    require(last_messages(world)[1]["content"] == STORY, "the answer as it came")


@scenario
def questions_share_one_connection(world):
    before = world.provider.control("stats")["connections"]
    terminal = conversation(world)
    for question in ("first question", "second question", "third question"):
        terminal.enter(question)
        terminal.wait_for(question, STORY[-12:])
        terminal.wait_until_quiet()
        terminal.enter("/clear")
        terminal.wait_until_quiet()
    terminal.enter("/quit")
    terminal.ends(0)
    after = world.provider.control("stats")["connections"]
    require(len(world.chats()) == 3, "three questions")
    require(after - before == 2, f"one connection, and one of this look, not {after - before}")


@scenario
def a_server_that_closes_after_each_answer_needs_no_second_full_handshake(world):
    folder = certificates(world)
    server = world.start_provider("--tls", folder / "valid.pem", folder / "valid.key")
    trusted = ssl.create_default_context(cafile=folder / "ca.pem")
    world.dotenv(OPENAI_BASE_URL=server.url)
    terminal = Terminal(world, "-m", "closing", env={"SSL_CERT_FILE": str(folder / "ca.pem")}).wait_for("/help", "openai_compat/closing>")
    for question in ("first question", "second question"):
        terminal.enter(question)
        terminal.wait_for(question, STORY[-12:])
        terminal.wait_until_quiet()
        terminal.enter("/clear")
        terminal.wait_until_quiet()
    terminal.enter("/quit")
    terminal.ends(0)
    stats = server.control("stats", trusted)
    require(stats["chats"] == 2 and stats["connections"] == 3 and stats["resumptions"] == 1, f"two connections, one of them resumed, not {stats}")


@scenario
def ctrl_d_leaves_and_ctrl_c_at_the_prompt_does_not(world):
    terminal = conversation(world)
    terminal.type("half a ques")
    terminal.wait_for("half a ques")
    terminal.interrupt()
    terminal.wait_for("Ctrl-D or /quit leaves")
    terminal.type("\x04")
    terminal.ends(0)
    require(not world.chats(), "no request")


@scenario
def ctrl_c_stops_the_answer_and_keeps_the_conversation(world):
    terminal = conversation(world, "slow-headers-20000")
    terminal.enter("slow one")
    world.wait_for(lambda: len(world.chats()) == 1, "the request")
    terminal.interrupt()
    terminal.wait_for("(stopped)")
    terminal.enter("/model gpt-4o")
    terminal.enter("quick one")
    terminal.wait_for(STORY[:40])
    terminal.enter("/quit")
    terminal.ends(0)
    require([message["content"] for message in last_messages(world)] == ["quick one"], "the unanswered question forgotten")


@scenario
def an_error_does_not_end_the_conversation(world):
    terminal = conversation(world, "status-500")
    terminal.enter("fails")
    terminal.wait_for("qwen: ", "500")
    terminal.enter("/model gpt-4o")
    terminal.enter("works")
    terminal.wait_for(STORY[:40])
    terminal.type("\x04")
    terminal.ends(0)


@scenario
def a_paste_of_several_lines_is_one_question(world):
    terminal = conversation(world)
    terminal.paste("line one\rline two\x1b[31m\rline three")
    terminal.wait_for("line one", "line three")
    require(not world.chats(), "nothing sent before Enter")
    terminal.enter("")
    terminal.wait_for(STORY[:40])
    terminal.enter("/quit")
    terminal.ends(0)
    require(last_messages(world)[0]["content"] == "line one\nline two[31m\nline three", f"three lines, not {last_messages(world)}")


@scenario
def slash_commands_say_what_they_do(world):
    terminal = conversation(world)
    terminal.enter("/hlep")
    terminal.wait_for("there is no command /hlep", "/help")
    terminal.enter("/help")
    terminal.wait_for("/auth", "/model", "/status", "/clear", "/quit", "Ctrl-C stops an answer")
    terminal.type("/sta\t")
    terminal.wait_for("/status")
    terminal.enter("")
    terminal.wait_for("because of", "messages   0", world.url)
    terminal.enter("/model")
    terminal.wait_for("Which model?", "> gpt-4o", "in use")
    terminal.escape()
    terminal.enter("/etc/hosts is what?")
    terminal.wait_for(STORY[:40])
    terminal.enter("/clear")
    terminal.wait_for("forgotten")
    terminal.enter("/quit")
    terminal.ends(0)


@scenario
def a_narrow_terminal_and_a_resize_are_usable(world):
    terminal = conversation(world, columns=40, rows=15)
    terminal.type("a question that is longer than the forty columns there are")
    terminal.wait_for("forty columns")
    terminal.resize(80, 24)
    terminal.enter("")
    terminal.wait_for(STORY[:30])
    terminal.enter("/quit")
    terminal.ends(0)


@scenario
def remote_text_moves_no_cursor_and_leaves_no_colour(world):
    terminal = conversation(world, "escape")
    terminal.enter("attack")
    world.wait_for(lambda: len(world.chats()) == 1, "the request")
    terminal.wait_for("^[")
    terminal.enter("/quit")
    terminal.ends(0)
    for sequence in (b"\x1b]0;", b"\x1b]52;", b"\x1b[2J", b"\x1b[31m"):
        require(not terminal.sees_bytes(sequence), f"{sequence} not sent to the terminal")


@scenario
def a_dumb_terminal_gets_no_escape_sequence(world):
    terminal = conversation(world, env={"TERM": "dumb"})
    terminal.enter("question")
    terminal.wait_for(STORY[:40])
    terminal.enter("/quit")
    terminal.ends(0)
    require(not terminal.sees_bytes(b"\x1b"), "no escape sequence")


@scenario
def the_history_is_private_and_survives(world):
    terminal = conversation(world)
    terminal.enter("remember me")
    terminal.wait_for(STORY[:40])
    terminal.enter("/quit")
    terminal.ends(0)
    history = world.home / ".qwen" / "history"
    require(history.stat().st_mode & 0o777 == 0o600, "a history for its owner only")
    again = conversation(world)
    again.type("\x10\x10")
    again.wait_for(PROMPT + "remember me")
    again.enter("")
    again.wait_for(STORY[:40])
    again.enter("/quit")
    again.ends(0)


@scenario
def killed_while_a_line_is_typed_it_leaves_the_terminal_as_it_was(world):
    terminal = conversation(world)
    terminal.type("half")
    terminal.wait_for(PROMPT + "half")
    terminal.process.send_signal(signal.SIGTERM)
    terminal.ends(-signal.SIGTERM)


def kept_conversation(world):
    (path,) = (world.home / ".qwen" / "conversations").iterdir()
    return path


@scenario
def a_conversation_goes_on_later_also_after_a_kill(world):
    terminal = conversation(world)
    terminal.enter("first question")
    terminal.wait_for(STORY[:40], STORY[-12:])
    terminal.enter("/quit")
    terminal.ends(0)
    path = kept_conversation(world)
    require(path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700, "a conversation for its owner only")
    path.write_bytes(path.read_bytes() + b'{"role":"user","content":"half a mess')
    again = Terminal(world, "-c").wait_for("Continued: 2 messages.", PROMPT.strip())
    again.enter("second question")
    world.wait_for(lambda: len(world.chats()) == 2, "the second request")
    again.wait_for("second question", STORY[-12:])
    again.enter("/quit")
    again.wait_for("--session " + path.stem).ends(0)
    require([message["content"] for message in last_messages(world)] == ["first question", STORY, "second question"], "the earlier conversation")
    require(len(path.read_text().splitlines()) == 4, "four whole lines")


@scenario
def two_terminals_are_never_in_one_conversation(world):
    terminal = conversation(world)
    terminal.enter("first question")
    terminal.wait_for(STORY[-12:])
    Terminal(world, "-c").wait_for("another terminal is in the conversation").ends(2)
    terminal.enter("/quit")
    terminal.ends(0)
    world.qwen("-c", "-p", "hi").exits(2).complains("needs a terminal")
    Terminal(world, "--session", "../../x").wait_for("is not the name of a conversation").ends(2)


@scenario
def without_history_nothing_is_kept(world):
    terminal = Terminal(world, "--no-history", *world.flags).wait_for(PROMPT.strip())
    terminal.enter("a question")
    terminal.wait_for(STORY[-12:])
    terminal.enter("/quit")
    terminal.ends(0)
    folder = world.home / ".qwen"
    require(not (folder / "history").exists() and not (folder / "conversations").exists(), "nothing kept")
    Terminal(world, "-c", *world.flags).wait_for("there is no conversation to continue").ends(2)


@scenario
def config_shows_what_config_explain_shows(world):
    terminal = conversation(world, columns=200)
    terminal.enter("/config")
    terminal.wait_for("KEY", "providers.openai_compat.api_key", "provider: openai_compat, because of", ".env used: ", "this conversation asks the model gpt-4o")
    terminal.enter("/config netwrok.connect_timeout")
    terminal.wait_for("unknown setting", "network.connect_timeout")
    terminal.enter("/config model")
    terminal.wait_for("-m")
    terminal.enter("/quit")
    terminal.ends(0)
    shown = world.qwen("config", "explain", "-m", "gpt-4o", env={"TERM": "xterm"}).exits(0).out
    for line in shown.splitlines():
        require(line.rstrip() in terminal.bytes.decode().replace("\r\n", "\n"), f"the line {line!r} of config explain")


@scenario
def tab_completes_commands_and_shows_those_that_begin_so(world):
    terminal = conversation(world)
    terminal.type("/c\t")
    terminal.wait_for("/config  /clear", PROMPT + "/c")
    terminal.type("l\t")
    terminal.wait_for(PROMPT + "/clear")
    terminal.enter("")
    terminal.wait_for("forgotten")
    terminal.enter("/quit")
    terminal.ends(0)


@scenario
def a_key_behind_a_slash_command_is_in_no_history(world):
    terminal = conversation(world)
    mistake = world.secret("mistyped")
    terminal.enter("/atuh openai " + mistake)
    terminal.wait_for("there is no command /atuh")
    terminal.type("\x10")
    terminal.wait_for(PROMPT + "/atuh")
    terminal.interrupt()
    terminal.enter("/quit")
    terminal.ends(0)
    require(mistake not in (world.home / ".qwen" / "history").read_text(), "no key in the history")
    world.runs.remove(terminal.run)  # the terminal's own echo of what was typed


@scenario
def ctrl_c_in_each_state_keeps_the_conversation_and_the_prompt(world):
    """Editing, waiting for the first byte, in the middle of an answer, behind a slash command, and twice in a row."""
    terminal = conversation(world)
    terminal.enter("kept question")
    terminal.at_prompt()
    terminal.type("half a line")
    terminal.interrupt()
    terminal.at_prompt()
    terminal.enter("/model slow-headers-20000")
    terminal.at_prompt()
    terminal.enter("waits")
    world.wait_for(lambda: len(world.chats()) == 2, "the request")
    terminal.interrupt()
    terminal.at_prompt().wait_for("(stopped)")
    terminal.enter("/model stall-after-3")
    terminal.at_prompt()
    begin = len(terminal.bytes)
    terminal.enter("streams")
    terminal.wait_for_bytes(b"Once upon a", begin)
    terminal.interrupt()
    terminal.at_prompt().wait_for("(stopped; what was said is kept)")
    for _ in range(3):
        terminal.interrupt()
        terminal.at_prompt()
    terminal.enter("/model gpt-4o")
    terminal.at_prompt()
    terminal.enter("last question")
    terminal.at_prompt()
    terminal.enter("/quit")
    terminal.ends(0)
    said = [message["content"] for message in last_messages(world)]
    require(said == ["kept question", STORY, "streams", "Once upon a", "last question"], f"what was said and no more, not {said}")


@scenario
def ctrl_c_in_a_question_keeps_the_conversation(world):
    terminal = conversation(world)
    terminal.enter("/auth")
    terminal.wait_for("Who is to answer?", "filter:")
    terminal.interrupt()
    terminal.wait_for("Nothing was changed.", "gpt-4o>")
    terminal.enter("/auth openrouter")
    terminal.wait_for("API key:")
    terminal.interrupt()
    terminal.wait_for_bytes(b"Nothing was changed.", terminal.bytes.rindex(b"API key:"))
    terminal.at_prompt()
    terminal.enter("a question")
    terminal.wait_for(STORY[-12:])
    terminal.at_prompt()
    terminal.enter("/quit")
    terminal.ends(0)


@scenario
def what_is_typed_during_an_answer_is_the_next_question(world):
    terminal = conversation(world, "echo+slow-first-300")
    terminal.enter("first question")
    world.wait_for(lambda: len(world.chats()) == 1, "the request")
    terminal.type("secnd\x7f\x7f\x7fcond\x1b[D\x1b[D\x1b[D\x1b[D")
    terminal.wait_for("first question\nopenai_compat/echo+slow-first-300> second")
    terminal.enter("")
    world.wait_for(lambda: len(world.chats()) == 2, "the second question")
    terminal.at_prompt()
    terminal.enter("/quit")
    terminal.ends(0)
    require(last_messages(world)[-1]["content"] == "second", "the keys in their order, each of them once")


@scenario
def killed_in_the_middle_of_an_answer_it_leaves_the_terminal_as_it_was(world):
    terminal = conversation(world, "markdown+size-3+stall-after-70")
    terminal.enter("question")
    terminal.wait_for("ls -lS *")
    terminal.process.send_signal(signal.SIGTERM)
    terminal.ends(-signal.SIGTERM)
    require(terminal.screen.cursor.attrs == terminal.screen.default_char, "the terminal's own colours")
