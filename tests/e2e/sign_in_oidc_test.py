"""Signing in at an issuer that nobody here wrote: approved and refused in a real browser, renewed once among many processes."""
import json
import os
import time

from authorization_server import CHROMIUM, BrowserIssuer, OidcIssuer
from harness import STORY, Run, Skipped, require, scenario
from issuer import CREDENTIALS, begin_login, configure, credentials, expire_here, remember_tokens, sign_in, whole_flow


def with_a_browser(world, *arguments):
    if CHROMIUM is None:
        raise Skipped("Chromium is not installed (scripts/install-packages browser)")
    return BrowserIssuer(world, *arguments)


def signed_in(world, **settings):
    issuer = OidcIssuer(world)
    configure(world, issuer, **settings)
    sign_in(world, issuer).exits(0)
    return issuer


@scenario
def the_whole_life_of_a_sign_in_approved_in_a_browser(world):
    issuer = with_a_browser(world)
    whole_flow(world, issuer)
    require(issuer.pages == ["Confirm Device", "Sign-in", "Authorize", "Sign-in Success"], f"the pages to the end, not {issuer.pages}")


@scenario
def a_refusal_in_the_browser_ends_the_login(world):
    issuer = with_a_browser(world)
    configure(world, issuer)
    process, event = begin_login(world)
    issuer.deny(event)
    world.finish(process).exits(4).complains("refused in the browser")
    require(not (world.home / CREDENTIALS).exists(), "nothing stored")


@scenario
def an_issuer_that_answers_as_qwen_does(world):
    issuer = OidcIssuer(world, "--dialect", "qwen", "--interval", 0)
    whole_flow(world, issuer)


@scenario
def a_token_the_api_refuses_is_renewed_and_the_request_repeated(world):
    issuer = signed_in(world)
    issuer.provider.control("reset")
    issuer.forget_access_tokens()
    world.qwen("-p", "hi").exits(0).prints(STORY).says_nothing()
    remember_tokens(world)
    require(issuer.token_calls() == 1 and issuer.answers_asked() == 2 and issuer.refresh_replays() == 0, "one renewal and one repetition")


@scenario
def a_revoked_sign_in_ends_and_says_so(world):
    issuer = signed_in(world)
    expire_here(world)
    issuer.end_sign_ins()
    world.qwen("-p", "hi").exits(4).prints_nothing().complains("qwen auth login")
    require(issuer.refresh_replays() == 0, "no token used twice")


@scenario
def a_lifetime_shorter_than_the_margin_of_renewal_is_lived_with(world):
    issuer = OidcIssuer(world, "--token-lifetime", 20)
    configure(world, issuer)
    sign_in(world, issuer).exits(0)
    issuer.provider.control("reset")
    for prompt in (1, 2):
        world.qwen("-p", "hi").exits(0).prints(STORY)
        remember_tokens(world)
        require(issuer.token_calls() <= prompt and issuer.refresh_replays() == 0, "at most one renewal for each prompt")


# Nobody can tell such a call from one that never arrived; an issuer that detects reuse ends the sign-in when it is repeated.
@scenario
def an_answer_of_the_token_endpoint_that_is_lost_costs_the_sign_in_and_nothing_else(world):
    issuer = signed_in(world)
    expire_here(world)
    issuer.provider.control("lose/1")
    world.qwen("-p", "hi").exits(4).prints_nothing().complains("no longer renews it", "qwen auth login")
    sign_in(world, issuer).exits(0)
    world.qwen("-p", "hi").exits(0).prints(STORY)


@scenario
def a_logout_revokes_what_was_issued(world):
    issuer = signed_in(world)
    stored = credentials(world)
    world.qwen("auth", "logout").exits(0)
    world.write(world.in_home(CREDENTIALS), json.dumps(stored))
    world.qwen("-p", "hi").exits(4).prints_nothing()
    require(issuer.refresh_replays() == 0, "revoked, not reused")


# Many processes, one expired sign-in


class Crowd:
    """Processes that are ready and wait for one another, so that they meet the expired sign-in at the same moment."""

    def __init__(self, world, size):
        self.world = world
        gate = world.root / "gate"
        gate.write_text(f'#!/bin/sh\nread -r _\nexec {world.program} "$@" </dev/null\n')
        gate.chmod(0o700)
        read_end, self.opener = os.pipe()
        self.processes = [world.start("-p", "hi", program=gate, stdin=read_end) for _ in range(size)]
        os.close(read_end)

    def go(self):
        os.close(self.opener)
        self.started = time.monotonic()

    def kill(self, process):
        process.kill()
        out, err = process.communicate()
        self.world.runs.append(Run(process.args[1:], process.returncode, out, err))
        self.processes.remove(process)

    def answers(self):
        runs = [self.world.finish(process, timeout=60) for process in self.processes]
        self.slowest_ms = int((time.monotonic() - self.started) * 1000)
        for run in runs:
            run.exits(0).prints(STORY)
        return len(runs)


def connected_to(port, processes):
    """Those of the processes with an open connection to 127.0.0.1:port."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in list(table)[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[2] == f"0100007F:{port:04X}" and row[3] == "01"}

    def holds(process):
        folder = f"/proc/{process.pid}/fd"
        try:
            return any(os.readlink(f"{folder}/{name}") in sockets for name in os.listdir(folder))
        except FileNotFoundError:  # a descriptor closed, or the process ended, while we looked
            return False

    return [process for process in processes if holds(process)]


def race(world, size, delay_ms, kills_holder=False):
    issuer = signed_in(world, requests_per_minute=0)  # more processes than the default limit of a minute
    issuer.provider.control(f"delay/{delay_ms}")
    expire_here(world)
    issuer.provider.control("reset")
    # However busy the machine, the holder dies before its call is served.
    issuer.provider.control(f"hold/{1 if kills_holder else 0}")
    crowd = Crowd(world, size)
    crowd.go()
    if kills_holder:
        world.wait_for(lambda: issuer.token_calls() == 1, "a token call", seconds=60)
        holders = connected_to(issuer.provider.port, crowd.processes)
        require(len(holders) == 1, f"one process at the endpoint, not {len(holders)}")
        time.sleep(delay_ms / 2000)
        crowd.kill(holders[0])
    answers = crowd.answers()
    calls, replays = issuer.token_calls(), issuer.refresh_replays()
    print(f"        processes={size} endpoint_ms={delay_ms} holder={'killed' if kills_holder else 'lives'} "
          f"calls={calls} answers={answers} reuses={replays} slowest_ms={crowd.slowest_ms}")
    require(calls <= 2 if kills_holder else calls == 1, f"{'at most 2 token calls' if kills_holder else '1 token call'}, not {calls}")
    require(answers == size - (1 if kills_holder else 0) and replays == 0, "an answer for everyone and no token used twice")
    remember_tokens(world)
    issuer.provider.control("reset")
    world.qwen("-p", "hi").exits(0).prints(STORY).says_nothing()
    require(issuer.token_calls() == 0, "a sign-in that is good for whoever comes later")


@scenario
def sixteen_processes_renew_once_at_a_quick_endpoint(world):
    race(world, 16, 300)


@scenario
def sixteen_processes_renew_once_at_a_slow_endpoint(world):
    race(world, 16, 4000)


@scenario
def a_holder_killed_at_a_quick_endpoint_costs_one_more_call(world):
    race(world, 16, 300, kills_holder=True)


@scenario
def a_holder_killed_at_a_slow_endpoint_costs_one_more_call(world):
    race(world, 16, 4000, kills_holder=True)


@scenario
def sixty_four_processes_renew_once_long(world):
    for delay_ms in (300, 4000):
        race(world, 64, delay_ms)


@scenario
def a_holder_killed_among_sixty_four_costs_one_more_call_long(world):
    for delay_ms in (300, 4000):
        race(world, 64, delay_ms, kills_holder=True)
