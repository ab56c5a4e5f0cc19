"""Credentials in the system keyring: a real gnome-keyring, asked through the Secret Service, and every way in which it can be missing."""

import json
import time

from governed import DENIED, Governed
from harness import STORY, require, scenario
from issuer import CREDENTIALS, KEYS_AFTER_LOGIN, LoopbackIssuer, configure
from keyring import Desktop, SilentBus

KEYRING = "the system keyring"


def log_in(world, desktop, *arguments, runner=None):
    command = ("auth", "login", "local", "--with-api-key", "--openai-base-url", world.url, *arguments)
    return (runner or world.qwen)(*command, stdin=world.key, env=desktop and desktop.environment)


def stored_file(world):
    path = world.home / ".qwen/credentials.json"
    return path.read_text() if path.exists() else ""


@scenario
def a_key_that_is_typed_in_goes_to_the_keyring_and_no_file_has_it(world):
    with Desktop(world) as desktop:
        log_in(world, desktop).exits(0).complains(f"Key in {KEYRING}")
        require(world.key not in stored_file(world) and '"in": "keyring"' in stored_file(world), "the file to say where the key is, and no more")
        require(desktop.secrets_of("local") == [world.key], "the key in the keyring")
        world.qwen("-p", "hi", env=desktop.environment).exits(0).prints(STORY)
        world.qwen("auth", "list", env=desktop.environment).exits(0).prints_part("local", KEYRING)
        world.qwen("auth", "status", "--check", env=desktop.environment).exits(0).prints_part(KEYRING)
        world.qwen("auth", "logout", env=desktop.environment).exits(0)
        require(desktop.secrets_of("local") == [], "nothing left in the keyring")
        world.qwen("-p", "hi", env=desktop.environment).exits(4).prints_nothing()


@scenario
def two_homes_share_one_keyring_and_no_key(world):
    other = world.home / "other"
    with Desktop(world) as desktop:
        log_in(world, desktop).exits(0)
        environment = {**desktop.environment, "QWEN_HOME": str(other)}
        world.qwen("-p", "hi", env=environment).exits(4)


@scenario
def a_key_moves_between_file_and_keyring_and_is_never_in_both(world):
    with Desktop(world) as desktop:
        log_in(world, desktop, "--storage", "file").exits(0).complains("credentials.json (0600)")
        require(desktop.secrets_of("local") == [], "nothing in the keyring")
        world.written.add((world.home / ".qwen/credentials.json").resolve())
        require(world.key in stored_file(world), "the key in the file")
        world.qwen("auth", "move", "keyring", env=desktop.environment).exits(0).prints_part("local", KEYRING)
        require(world.key not in stored_file(world) and desktop.secrets_of("local") == [world.key], "the key in the keyring alone")
        world.qwen("auth", "move", "keyring", env=desktop.environment).exits(0).prints("nothing to move")
        world.qwen("-p", "hi", env=desktop.environment).exits(0).prints(STORY)
        world.qwen("-p", "hi", "--storage", "file", env=desktop.environment).exits(4).complains("qwen auth move file")
        moved = world.qwen("--json", "auth", "move", "file", "local", env=desktop.environment).exits(0).json()
        require(moved["moved"] == ["local"] and moved["to"] == "file", f"what was moved, not {moved}")
        require(world.key in stored_file(world) and desktop.secrets_of("local") == [], "the key in the file alone")
        world.qwen("-p", "hi", "--storage", "keyring", env=desktop.environment).exits(4).complains("qwen auth move keyring")
        world.qwen("-p", "hi").exits(0).prints(STORY)
        world.qwen("auth", "move", "elsewhere").exits(2).complains("elsewhere")
        world.qwen("auth", "logout").exits(0)


@scenario
def a_locked_keyring_is_an_error_in_time_and_a_new_key_goes_to_the_file_with_a_line(world):
    with Desktop(world) as desktop:
        log_in(world, desktop).exits(0)
    with Desktop(world, password="another") as desktop:
        began = time.monotonic()
        world.qwen("-p", "hi", env=desktop.environment).exits(3).prints_nothing().complains("the system keyring cannot be used")
        require(time.monotonic() - began < 20, "an end in time")
        log_in(world, desktop, "--storage", "keyring").exits(3).complains("the system keyring cannot be used", "--storage file")
        other = {**desktop.environment, "QWEN_HOME": str(world.home / "other")}
        world.qwen("auth", "login", "local", "--with-api-key", "--openai-base-url", world.url, stdin=world.key, env=other).exits(0).complains(
            "the system keyring cannot be used", "kept in the file instead", "other/credentials.json (0600)")
        world.qwen("auth", "logout", env=other).exits(0)
    with Desktop(world) as desktop:
        world.qwen("-p", "hi", env=desktop.environment).exits(0).prints(STORY)


@scenario
def without_a_bus_keys_go_to_the_file_and_nothing_is_started(world):
    log_in(world, None).exits(0).complains("credentials.json (0600)").does_not_say("keyring")
    world.qwen("-p", "hi").exits(0).prints(STORY).says_nothing()
    world.qwen("auth", "move", "keyring").exits(3).complains("there is no session bus")
    world.qwen("-p", "hi").exits(0).prints(STORY)
    log_in(world, None, "--storage", "keyring").exits(4).complains("is in a file", "qwen auth move keyring")
    world.qwen("auth", "logout").exits(0)
    log_in(world, None, "--storage", "keyring").exits(3).complains("there is no session bus", "--storage file")


@scenario
def a_bus_that_never_answers_is_given_up(world):
    bus = SilentBus(world)
    began = time.monotonic()
    log_in(world, bus).exits(0).complains("the system keyring cannot be used", "kept in the file instead", "credentials.json (0600)")
    world.qwen("auth", "logout", env=bus.environment).exits(0)
    log_in(world, bus, "--storage", "keyring").exits(3).complains("does not answer")
    require(time.monotonic() - began < 25, "an end in time")
    bus.close()


@scenario
def a_sign_in_moves_to_the_keyring_renews_itself_there_and_comes_back(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    tokens = {"access_token": world.secret("at"), "refresh_token": world.secret("rt"), "token_type": "Bearer", "resource_url": issuer.provider.url, "expiry_date": 1}
    with Desktop(world) as desktop:
        process = world.start("auth", "login", "qwen", "--json", env=desktop.environment)
        event = json.loads(process.stdout.readline())
        issuer.approve(event)
        world.finish(process).exits(0)
        world.written.add((world.home / CREDENTIALS).resolve())
        before = json.loads((world.home / CREDENTIALS).read_text())
        require(list(before) == KEYS_AFTER_LOGIN and set(before) == set(tokens), "the file as Qwen Code writes it: auto leaves a sign-in where both find it")
        for name in ("access_token", "refresh_token"):
            world.secrets[before[name]] = name
        world.qwen("auth", "move", "keyring", env=desktop.environment).exits(0).prints_part("qwen_oauth", KEYRING)
        require(not (world.home / CREDENTIALS).exists(), "no file left")
        world.qwen("-p", "hi", env=desktop.environment).exits(0).prints(STORY)
        issuer.forget_access_tokens()
        world.qwen("-p", "hi", env=desktop.environment).exits(0).prints(STORY)
        require(not (world.home / CREDENTIALS).exists(), "the renewed sign-in in the keyring too")
        world.qwen("auth", "move", "file", env=desktop.environment).exits(0).prints_part("qwen_oauth", "oauth_creds.json (0600)")
        after = json.loads((world.home / CREDENTIALS).read_text())
        require(list(after) == KEYS_AFTER_LOGIN and after["access_token"] != before["access_token"], f"the file as before, with the renewed token, not {list(after)}")
        require(desktop.secrets_of("qwen_oauth") == [], "nothing left in the keyring")
        world.qwen("-p", "hi").exits(0).prints(STORY)
        world.qwen("auth", "logout", "qwen").exits(0)


@scenario
def a_policy_says_where_credentials_may_be_kept(world):
    it = Governed(world, 'schema = 1\n[credentials]\nstore = "keyring"\n')
    with Desktop(world) as desktop:
        log_in(world, desktop, "--storage", "file", runner=it.qwen).exits(DENIED).complains(it.line(3), "--storage keyring")
        log_in(world, desktop, runner=it.qwen).exits(0).complains(f"Key in {KEYRING}")
        it.qwen("-p", "hi", env=desktop.environment).exits(0).prints(STORY)
        it.qwen("auth", "move", "file", env=desktop.environment).exits(DENIED).complains(it.line(3))
        it.qwen("auth", "logout", env=desktop.environment).exits(0)
    log_in(world, None, runner=it.qwen).exits(3).complains("there is no session bus")
