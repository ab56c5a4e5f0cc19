"""Several accounts of one provider: made, listed, switched, used for one call, and removed."""

import json

from harness import STORY, require, scenario
from issuer import LoopbackIssuer, configure, remember_tokens, sign_in
from screen import Terminal

ESC = "\x1b"


def store(world, provider, name, server, *arguments):
    """A key of the server, kept under this account's name."""
    world.written.add((world.home / ".qwen" / "credentials.json").resolve())
    account = ["--account", name] if name else []
    return world.qwen("auth", "login", provider, "--with-api-key", *account, "--openai-base-url", server.url, *arguments, stdin=world.key).exits(0)


def two_accounts(world):
    """work and home of OpenRouter, each at a server of its own; home came last."""
    work, home = world.provider, world.start_provider()
    store(world, "openrouter", "work", work)
    store(world, "openrouter", "home", home)
    return work, home


def asked(server):
    return len([request for request in server.requests() if request["target"].endswith("/chat/completions")])


@scenario
def the_last_one_signed_in_is_current_until_another_is_switched_to(world):
    work, home = two_accounts(world)
    listed = world.qwen("auth", "list", "--json").exits(0).json()["stored"]
    require([(row["provider"], row["account"], row["current"]) for row in listed] == [("openrouter", "home", True), ("openrouter", "work", False)], f"both, not {listed}")
    world.qwen("auth", "list").exits(0).prints_part("* home", "  work", "openrouter", "API key")
    world.qwen("-p", "hi").exits(0).prints(STORY)
    require((asked(work), asked(home)) == (0, 1), "the last one asked")
    world.qwen("auth", "switch", "work").exits(0).complains("Default account is now work (openrouter).")
    world.qwen("-p", "hi").exits(0).prints(STORY)
    require((asked(work), asked(home)) == (1, 1), "the other one asked")
    require((world.home / ".qwen" / "account").read_text() == "openrouter/work\n", "one line without a secret")
    world.qwen("auth", "switch", "openrouter/home", "--json").exits(0)
    require((world.home / ".qwen" / "account").read_text() == "openrouter/home\n", "the name with its provider")


@scenario
def an_account_for_one_call_writes_nothing(world):
    work, home = two_accounts(world)
    before = {path: path.read_bytes() for path in (world.home / ".qwen").rglob("*") if path.is_file()}
    world.qwen("--account", "work", "-p", "hi").exits(0).prints(STORY)
    world.qwen("-p", "hi", env={"QWEN_ACCOUNT": "work"}).exits(0).prints(STORY)
    require((asked(work), asked(home)) == (2, 0), "the named one asked")
    world.qwen("--account", "home", "-p", "hi", env={"QWEN_ACCOUNT": "work"}).exits(0)
    require((asked(work), asked(home)) == (2, 1), "the flag before the variable")
    require({path: path.read_bytes() for path in (world.home / ".qwen").rglob("*") if path.is_file()} == before, "every file as before")


@scenario
def a_named_account_goes_before_keys_and_servers_of_the_environment(world):
    work, home = two_accounts(world)
    elsewhere = {"OPENAI_API_KEY": world.secret("other"), "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENROUTER_API_KEY": world.secret("other")}
    world.qwen("--account", "work", "-p", "hi", env=elsewhere).exits(0).prints(STORY)
    require(asked(work) == 1, "the account's own key and server")
    world.qwen("auth", "switch", "work", env=elsewhere).exits(0).complains("prompts still go to openai_compat, because of environment OPENAI_API_KEY", "--account work")


@scenario
def names_that_nobody_or_several_have_are_errors_that_list_them(world):
    two_accounts(world)
    store(world, "openai", "work", world.provider)
    world.qwen("--account", "nobody", "-p", "hi").exits(4).complains('no account is called "nobody"', "openrouter/home", "openai/work")
    world.qwen("--account", "work", "-p", "hi").exits(2).complains("several accounts", "openrouter/work", "openai/work")
    world.qwen("--account", "work", "--provider", "openrouter", "-p", "hi").exits(0).prints(STORY)
    world.qwen("auth", "switch").exits(2).complains("which account?", "openrouter/home", "openai/work")
    world.qwen("auth", "login", "openai", "--with-api-key", "--account", "../x", stdin=world.key).exits(2).complains("cannot be the name of an account")


@scenario
def a_sign_out_takes_one_account_and_leaves_the_others(world):
    work, home = two_accounts(world)
    world.qwen("auth", "logout", "--account", "home").exits(0).prints_part("signed out")
    require(not (world.home / ".qwen" / "account").exists(), "no current account that is gone")
    world.qwen("-p", "hi").exits(0).prints(STORY)
    require((asked(work), asked(home)) == (1, 0), "the one that is left")
    world.qwen("auth", "logout", "openrouter").exits(0)
    world.qwen("auth", "list").exits(0).prints("nothing is stored")


@scenario
def a_second_sign_in_in_a_browser_leaves_the_file_of_qwen_code_alone(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    sign_in(world, issuer).exits(0)
    file = world.home / ".qwen" / "oauth_creds.json"
    before = file.read_bytes()
    world.written.add((world.home / ".qwen" / "credentials.json").resolve())
    sign_in(world, issuer, "--account", "second").exits(0)
    require(file.read_bytes() == before, "the shared file as it was")
    stored = json.loads((world.home / ".qwen" / "credentials.json").read_text())["secrets"]["qwen_oauth"]
    require(list(stored) == ["second"], "the second one beside it")
    tokens = json.loads(stored["second"]["credentials"]["value"])
    world.secrets.update({tokens["access_token"]: "access_token", tokens["refresh_token"]: "refresh_token"})
    world.qwen("-p", "hi").exits(0).prints(STORY)
    world.qwen("--account", "qwen", "-p", "hi").exits(0).prints(STORY)
    world.qwen("auth", "list").exits(0).prints_part("* second", "  default")


@scenario
def switching_asks_on_a_terminal_and_changes_nothing_on_esc(world):
    two_accounts(world)
    terminal = Terminal(world, "auth", "switch").wait_for("Which account", "> 1 home", "  2 work", "filter:")
    terminal.type(ESC)
    terminal.ends(130)
    require((world.home / ".qwen" / "account").read_text() == "openrouter/home\n", "as before")
    terminal = Terminal(world, "auth", "switch").wait_for("Which account", "filter:")
    terminal.type("2\r")
    terminal.wait_for("Default account is now work (openrouter).").ends(0)


@scenario
def the_prompt_shows_the_account_and_auth_switches_between_them(world):
    work, home = two_accounts(world)
    terminal = Terminal(world, env={"OPENROUTER_API_KEY": world.secret("other")}).wait_for("openrouter/openai/gpt-4o>")
    terminal.at_prompt().enter("/auth")
    terminal.wait_for("Who is to answer?", "> 1 openrouter", "answers now", "filter:")
    terminal.type("work\r")
    terminal.wait_for("Now work with openai/gpt-4o", "work/openai/gpt-4o>", "because of environment OPENROUTER_AP")
    terminal.at_prompt().enter("question")
    terminal.wait_for(STORY[:40])
    require((asked(work), asked(home)) == (1, 0), "the account's own server")
    terminal.at_prompt().enter("/auth home")
    terminal.wait_for("home/openai/gpt-4o>")
    terminal.at_prompt().enter("/quit")
    terminal.ends(0)
    Terminal(world).wait_for("home/openai/gpt-4o>").at_prompt().type("\x04")


@scenario
def a_vendors_own_variable_selects_it_and_two_are_never_chosen_between(world):
    key = {"OPENROUTER_API_KEY": world.secret("router")}
    world.qwen("config", "explain", env=key).exits(0).prints_part("because of environment OPENROUTER_API_KEY", "https://openrouter.ai/api/v1")
    both = {**key, "MODELSCOPE_API_KEY": world.secret("scope")}
    world.qwen("-p", "hi", env=both).exits(3).complains("OPENROUTER_API_KEY is set, for openrouter", "MODELSCOPE_API_KEY, for modelscope", "--provider openrouter")
    world.qwen("-p", "hi", env={"DASHSCOPE_API_KEY": world.secret("dash")}).exits(3).complains("for dashscope and for dashscope-intl")
    world.qwen("config", "explain", "--provider", "modelscope", env=both).exits(0).prints_part("modelscope")
    world.qwen("-p", "hi", *world.flags, env=both).exits(0).prints(STORY)
    store(world, "local", None, world.provider)
    world.qwen("-p", "hi", env=both).exits(0).prints(STORY)


@scenario
def status_shows_every_account(world):
    two_accounts(world)
    world.qwen("auth", "status", "--check").exits(0).prints_part("openrouter/home ok", "openrouter/work ok")
    rows = world.qwen("auth", "status", "--json").exits(0).json()["providers"]
    require([row["stored_as"] for row in rows] == ["home", "work"], f"both accounts, not {rows}")
    world.qwen("auth", "status", "--account", "work").exits(0).prints_part("openrouter/work ok")
