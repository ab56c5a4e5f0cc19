"""Whatever a model, a server or a plugin says: the terminal is in the state it was in before, and gets no sequence but the program's own."""

import json
import random
import re

from harness import require, scenario
from hostile_text import HostileServer, check_that_only_ours, error_of, hostile_line, hostile_text, stream_of
from issuer import configure
from plugin_test import built, put
from screen import Terminal

SEED = 20261123


def state(terminal):
    """What a terminal keeps beside its text."""
    screen = terminal.screen
    return {"title": screen.title, "icon": screen.icon_name, "modes": sorted(screen.mode), "hidden": screen.cursor.hidden, "colours": screen.cursor.attrs,
            "region": screen.margins, "charset": (screen.charset, screen.g0_charset, screen.g1_charset), "tabs": sorted(screen.tabstops), "saved": len(screen.savepoints)}


def cut(numbers, text):
    """Anywhere between characters; each byte alone where there are none."""
    pieces, begin = [], 0
    for end in range(1, len(text) + 1):
        if end < len(text) and (text[end] & 0xC0) == 0x80:
            continue
        if end == len(text) or numbers.random() < 0.5:
            pieces.append(text[begin:end])
            begin = end
    return pieces


def check_state(terminal, before, what):
    require(state(terminal) == before, f"the state as before, not {state(terminal)} instead of {before}, after {what!r}")


def hostile_answers(world, count, seed):
    numbers = random.Random(seed)
    text = b""
    server = HostileServer(lambda path: (200, stream_of(cut(numbers, text))))
    for _ in range(count):
        text = hostile_text(numbers)
        terminal = Terminal(world, "-p", "hi", env={"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": server.url})
        before = state(terminal)
        terminal.ends(0)
        check_that_only_ours(terminal.bytes, f"\n  the answer was {text!r}")
        check_state(terminal, before, text)
    server.close()


@scenario
def any_answer_leaves_the_terminal_as_it_was(world):
    hostile_answers(world, 60, SEED)


@scenario
def any_answer_leaves_the_terminal_as_it_was_long(world):
    hostile_answers(world, 700, SEED + 1)


@scenario
def any_answer_leaves_a_conversation_as_it_was(world):
    numbers = random.Random(SEED + 2)
    text = b""
    server = HostileServer(lambda path: (200, stream_of(cut(numbers, text + b"\nend"))))
    terminal = Terminal(world, env={"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": server.url}).wait_for("gpt-4o>")
    terminal.wait_until_quiet()
    before = state(terminal)
    for number in range(40):
        text = hostile_text(numbers)
        begin = len(terminal.bytes)
        terminal.enter(f"question {number}")
        terminal.wait_for_bytes(b"\x1b[?2004h", begin + 1)
        terminal.wait_until_quiet()
        said = terminal.bytes[begin:]
        check_that_only_ours(said[said.index(b"\x1b[?2004l") + 8 : said.rindex(b"\x1b[?2004h")], f"\n  the answer was {text!r}")
        check_state(terminal, before, text)
    terminal.enter("/quit")
    terminal.ends(0)
    server.close()


@scenario
def any_error_of_a_server_leaves_the_terminal_as_it_was(world):
    numbers = random.Random(SEED + 3)
    answer = (400, b"")
    server = HostileServer(lambda path: answer)
    for _ in range(40):
        message, code = hostile_line(numbers), hostile_line(numbers)
        in_stream = numbers.random() < 0.5
        error = error_of(message, code)
        answer = (200, stream_of([b"begun"], b"data: " + error + b"\n\n")) if in_stream else (numbers.choice([400, 401, 403, 404, 429, 500]), error)
        terminal = Terminal(world, "-p", "hi", env={"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": server.url}, timeout=30)
        before = state(terminal)
        terminal.ends(None)
        check_that_only_ours(without_progress(terminal.bytes), f"\n  the message was {message!r}")
        check_state(terminal, before, message)
    server.close()


@scenario
def any_name_of_a_model_leaves_the_terminal_as_it_was(world):
    numbers = random.Random(SEED + 4)
    names = ["safe"] + [hostile_line(numbers) or "x" for _ in range(38)]
    server = HostileServer(lambda path: (200, json.dumps({"data": [{"id": name, "owned_by": name} for name in names]}).encode()))
    env = {"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": server.url}
    terminal = Terminal(world, "models", env=env).ends(0)
    check_that_only_ours(terminal.bytes)
    conversation = Terminal(world, env=env, rows=60).wait_for("gpt-4o>")
    conversation.wait_until_quiet()
    before = state(conversation)
    begin = len(conversation.bytes)
    conversation.enter("/model")
    conversation.wait_for("Which model?", "filter:")
    conversation.wait_until_quiet()
    said = conversation.bytes[begin:]
    shown = said[said.index(b"\x1b[?2004l") + 8 :].replace(b"\x1b[?2004h", b"")
    require(shown.count(b"\n") > 20, "every name on a line")
    check_that_only_ours(shown)
    check_state(conversation, before, names)
    conversation.escape()
    conversation.type("\x04")
    conversation.ends(0)
    server.close()


@scenario
def any_code_and_link_of_an_issuer_leave_the_terminal_as_it_was(world):
    numbers = random.Random(SEED + 5)
    answer = {}
    server = HostileServer(lambda path: (200, json.dumps(answer).encode()) if path.endswith("/device/code") else (400, json.dumps(refusal).encode()))
    issuer = type("Issuer", (), {"settings": lambda self: {f"{name}_endpoint": f"{server.base_url}/{path}" for name, path in
                                                          (("device_authorization", "device/code"), ("token", "token"), ("revocation", "revoke"))}})()
    configure(world, issuer)
    for number in range(12):
        evil = hostile_line(numbers)
        link = server.base_url + "/authorize" + (evil if number % 3 == 0 else "")
        answer = {"device_code": "d", "user_code": evil or "x", "verification_uri": link, "verification_uri_complete": link + (evil if number % 3 == 1 else ""),
                  "expires_in": 60, "interval": 1}
        refusal = {"error": "access_denied", "error_description": evil}
        terminal = Terminal(world, "auth", "login", "qwen_oauth", "--no-browser", *([] if number % 2 else ["--plain"]), timeout=30)
        before = state(terminal)
        terminal.ends(None)
        require(terminal.run.code in (4, 8), f"a refusal, not {terminal.run.code}")
        check_that_only_ours(without_progress(terminal.bytes), f"\n  the code was {evil!r}")
        check_state(terminal, before, evil)
    server.close()


@scenario
def any_word_of_a_plugin_leaves_the_terminal_as_it_was(world):
    module = built(world, "well_behaved").read_bytes()
    for member, evil in ((b"name", "\u009b31m\u202e"), (b"name", "\u2028\u200f\u2066"), (b"help", "\u009d0;x\u202e"), (b"help", "\u009b2J"), (b"vendor", "\u0085")):
        text = evil.encode()
        found = re.search(rb'"%s":"([^"]{%d,})"' % (member, len(text)), module)
        require(found, f"{member} in the note of the plugin")
        begin, end = found.span(1)
        put(world, "well_behaved", module[:begin] + text[: end - begin].ljust(end - begin, b"_") + module[end:])
        for arguments in (["plugin", "list"], ["plugin", "inspect", "well_behaved"], ["plugin", "why", "well_behaved"], ["doctor"], ["--help"], ["auth", "status"],
                          ["--provider", "well_behaved", "-p", "hi"]):
            terminal = Terminal(world, *arguments, columns=200, timeout=30)
            before = state(terminal)
            terminal.ends(None)
            check_that_only_ours(without_progress(terminal.bytes), f"\n  of {arguments}")
            check_state(terminal, before, evil)
        world.qwen("plugin", "why", "well_behaved").exits(3).prints_part("holds control characters")


def without_progress(data):
    """What the program draws over by itself: "waiting ..." and its end."""
    return data.replace(b"\r\x1b[K", b"")
