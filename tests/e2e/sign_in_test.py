"""Signing in in a browser, staying signed in, and every way in which that can end."""
import json
import os
import pty
import signal
import subprocess
import time

from harness import STORY, Skipped, require, scenario
from issuer import CREDENTIALS, LoopbackIssuer, begin_login, configure, credentials, expire_here, mode_of, remember_tokens, sign_in, whole_flow, write_credentials


def signed_in(world, *server_arguments, **settings):
    """A world in which somebody has signed in."""
    issuer = LoopbackIssuer(world, *server_arguments)
    configure(world, issuer, **settings)
    sign_in(world, issuer).exits(0)
    return issuer


def in_an_hour():
    return int((time.time() + 3600) * 1000)


@scenario
def login_answer_expiry_renewal_status_logout(world):
    whole_flow(world, LoopbackIssuer(world))


@scenario
def a_refusal_in_the_browser_ends_the_login_at_once(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    process, event = begin_login(world)
    issuer.deny(event)
    run = world.finish(process).exits(4).complains("refused in the browser")
    require(json.loads(run.out.splitlines()[-1])["error"]["code"] == "login_denied", "the error as the last event")
    require(not (world.home / CREDENTIALS).exists(), "nothing stored")
    require(len(issuer.polls_ms()) == 1, "no poll after the refusal")


@scenario
def a_code_nobody_approves_expires(world):
    issuer = LoopbackIssuer(world, "--code-lifetime", 2)
    configure(world, issuer)
    world.qwen("auth", "login", "--no-browser").exits(4).prints_nothing().complains("the code expired", "qwen auth login")
    require(issuer.sign_ins_begun() == 1, "one code only, where nobody sits at a terminal")


@scenario
def slow_down_adds_five_seconds_to_the_interval(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    issuer.trouble("slow-down")
    sign_in(world, issuer).exits(0)
    first, second = issuer.polls_ms()
    require(second - first >= 6000, f"6 s between the polls, not {second - first} ms")


@scenario
def an_outage_in_the_middle_of_a_login_is_waited_out(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    process, event = begin_login(world)
    issuer.trouble("cut")
    issuer.approve(event)
    world.finish(process).exits(0).complains("network is gone")
    remember_tokens(world)


@scenario
def a_gateways_error_page_and_a_token_of_null_are_waited_out(world):
    for word in ("unavailable", "not-json", "null-token"):
        issuer = LoopbackIssuer(world)
        configure(world, issuer)
        issuer.trouble(word)
        sign_in(world, issuer).exits(0)


@scenario
def a_code_that_the_server_forgot_ends_the_login(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    issuer.trouble("expired-401")
    world.qwen("auth", "login", "--no-browser").exits(4).complains("the code expired")


@scenario
def a_sign_in_of_qwen_code_is_used_as_it_is(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    written = {"access_token": world.key, "refresh_token": world.secret("refresh"), "token_type": "Bearer", "resource_url": issuer.provider.base_url, "expiry_date": in_an_hour()}
    write_credentials(world, written, mode=0o644)
    before = (world.home / CREDENTIALS).read_bytes()
    # Before version 0.12 it left the file with the mode of the umask.
    world.qwen("-p", "hi").exits(0).prints(STORY).complains(CREDENTIALS, "0644", "repaired to 0600")
    world.qwen("-p", "hi").exits(0).prints(STORY).says_nothing()
    require((world.home / CREDENTIALS).read_bytes() == before, "the same bytes in the file")
    require(mode_of(world.home / CREDENTIALS) == 0o600, "mode 0600")
    require(issuer.token_calls() == 0, "no token call")


@scenario
def what_qwen_code_wrote_and_we_do_not_know_survives_a_renewal(world):
    issuer = signed_in(world)
    path = world.home / CREDENTIALS
    path.write_text(json.dumps({**credentials(world), "expiry_date": 1, "organization": {"id": 7}}, indent=2))
    refresh_token = credentials(world)["refresh_token"]
    issuer.trouble("same-refresh-token")
    world.qwen("-p", "hi").exits(0).prints(STORY)
    after = remember_tokens(world)
    require(after["organization"] == {"id": 7}, "the unknown member")
    require(after["refresh_token"] == refresh_token, "the old refresh token where the server sends no new one")
    require(not path.read_bytes().endswith(b"\n") and path.read_text() == json.dumps(after, indent=2), "two spaces and no newline at the end")


@scenario
def a_token_the_api_refuses_is_renewed_once_and_the_request_repeated(world):
    issuer = signed_in(world)
    calls = issuer.token_calls()
    issuer.forget_access_tokens()
    world.qwen("-p", "hi").exits(0).prints(STORY).says_nothing()
    remember_tokens(world)
    require(issuer.token_calls() == calls + 1 and issuer.answers_asked() == 2, "one renewal and one repetition")
    world.qwen("-m", "status-401", "-p", "hi").exits(4).prints_nothing().complains("refuses the sign-in although it was renewed")
    remember_tokens(world)
    require(issuer.token_calls() <= calls + 2 and issuer.answers_asked() <= 4, "no second repetition")


@scenario
def a_sign_in_that_ended_is_set_aside_and_not_lost(world):
    issuer = signed_in(world)
    expire_here(world)
    before = (world.home / CREDENTIALS).read_bytes()
    issuer.end_sign_ins()
    world.qwen("-p", "hi").exits(4).prints_nothing().complains("expired", "qwen auth login")
    require(not (world.home / CREDENTIALS).exists(), "no file that is tried again")
    require((world.home / (CREDENTIALS + ".revoked")).read_bytes() == before, "the same bytes under another name")
    calls = issuer.token_calls()
    world.qwen("-p", "hi").exits(4).complains("not signed in")
    require(issuer.token_calls() == calls, "no further token call")
    sign_in(world, issuer).exits(0)
    world.qwen("-p", "hi").exits(0).prints(STORY)


@scenario
def an_issuer_that_cannot_be_reached_signs_nobody_out(world):
    issuer = signed_in(world)
    expire_here(world)
    before = (world.home / CREDENTIALS).read_bytes()
    issuer.trouble("cut", 20)
    world.qwen("-p", "hi").exits(5).prints_nothing()
    issuer.trouble("unavailable", 2)
    world.qwen("-p", "hi").exits(5).prints_nothing()
    require((world.home / CREDENTIALS).read_bytes() == before, "the same sign-in")
    issuer.trouble("cut", 1)
    world.qwen("-p", "hi").exits(0).prints(STORY)
    remember_tokens(world)


@scenario
def a_renewal_refused_for_another_reason_says_which_and_keeps_the_sign_in(world):
    issuer = signed_in(world)
    expire_here(world)
    before = (world.home / CREDENTIALS).read_bytes()
    issuer.trouble("expired-401")
    world.qwen("-p", "hi").exits(4).prints_nothing().complains("refused to renew", "invalid_token", "qwen auth login")
    require((world.home / CREDENTIALS).read_bytes() == before, "the same sign-in")
    world.qwen("-p", "hi").exits(0).prints(STORY)
    remember_tokens(world)


@scenario
def sixty_four_processes_renew_once(world):
    # More than the declared limit of one minute, which is not what this is about.
    issuer = signed_in(world, "--token-delay", 300, requests_per_minute=0)
    expire_here(world)
    calls = issuer.token_calls()
    processes = [world.start("-p", "hi", stdin=subprocess.DEVNULL) for _ in range(64)]
    for process in processes:
        world.finish(process).exits(0).prints(STORY)
    remember_tokens(world)
    require(issuer.token_calls() == calls + 1 and issuer.refresh_replays() == 0, "one token call for all of them")


@scenario
def a_renewer_that_is_killed_delays_nobody(world):
    issuer = signed_in(world)
    expire_here(world)
    calls = issuer.token_calls()
    issuer.trouble("stall")
    holder = world.start("-p", "hi", stdin=subprocess.DEVNULL)
    world.wait_for(lambda: issuer.token_calls() == calls + 1, "the holder's token call")
    others = [world.start("-p", "hi", stdin=subprocess.DEVNULL) for _ in range(8)]
    holder.kill()
    holder.communicate()
    for process in others:
        world.finish(process, timeout=10).exits(0).prints(STORY)
    remember_tokens(world)
    require(issuer.token_calls() == calls + 2 and issuer.refresh_replays() == 0, "one more token call, and no token used twice")


@scenario
def ctrl_c_ends_a_login_and_nothing_is_stored(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    process, _ = begin_login(world)
    process.send_signal(signal.SIGINT)
    run = world.finish(process, timeout=5)
    require(run.code == -signal.SIGINT, f"a death of SIGINT, not {run.code}")
    require(not (world.home / CREDENTIALS).exists(), "nothing stored")


@scenario
def a_qr_code_is_shown_where_it_was_asked_for(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    sign_in(world, issuer, "--qr").exits(0).complains("\u2588", "\u2580")


@scenario
def status_says_what_is_the_case(world):
    def verdict(code, *arguments):
        run = world.qwen("auth", "status", "qwen_oauth", "--json", *arguments).exits(code)
        return run.json()["providers"][0]["verdict"]

    issuer = signed_in(world)
    require(verdict(0) == "ok" and verdict(0, "--check") == "ok", "ok")
    expire_here(world)
    require(verdict(0) == "expires", "expires, offline")
    issuer.trouble("cut", 20)
    require(verdict(4, "--check") == "unreachable", "unreachable")
    issuer.trouble("cut", 0)
    world.qwen("auth", "refresh").exits(0)
    issuer.forget_access_tokens()
    require(verdict(4, "--check") == "refused", "refused, though renewed a moment ago")
    expire_here(world, seconds_ago=60)
    issuer.end_sign_ins()
    require(verdict(4, "--check") == "not_signed_in", "not signed in any more")


@scenario
def the_declared_limit_is_kept_before_the_server_has_to(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer, requests_per_day=2)
    sign_in(world, issuer).exits(0)
    world.qwen("-p", "hi").exits(0).prints(STORY)
    world.qwen("-p", "hi").exits(6).prints_nothing().complains("2 requests a day")
    require(issuer.answers_asked() == 1, "no request beyond the limit")
    world.qwen("auth", "status").exits(0).prints_part("2 of 2 requests a day used")


@scenario
def a_quota_that_is_gone_is_not_asked_again(world):
    issuer = signed_in(world)
    world.qwen("-m", "quota", "-p", "hi").exits(6).prints_nothing().complains("quota")
    require(issuer.answers_asked() == 1, "one request")


@scenario
def a_server_that_nobody_vouches_for_never_sees_the_token(world):
    issuer = signed_in(world)
    stranger = world.start_provider("--accept-anyone")
    path = world.home / CREDENTIALS
    path.write_text(json.dumps({**credentials(world), "resource_url": stranger.url}, indent=2))
    world.qwen("-p", "hi").exits(3).prints_nothing().complains("not sent to", stranger.base_url, "QWEN_TRUST_ORIGINS")
    require(stranger.requests() == [], "no request to it")
    world.qwen("-p", "hi", env={"QWEN_TRUST_ORIGINS": stranger.base_url}).exits(0).prints(STORY)
    configure(world, issuer, base_url=stranger.url)
    world.qwen("-p", "hi").exits(0).prints(STORY)


@scenario
def a_key_goes_before_a_sign_in_and_a_named_provider_before_both(world):
    issuer = signed_in(world)
    with_key = {"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": world.url}
    world.qwen("-p", "hi", env=with_key).exits(0).prints(STORY)
    require(len(world.chats()) == 1 and issuer.answers_asked() == 0, "the key's server asked")
    world.qwen("--provider", "qwen-oauth", "-p", "hi", env=with_key).exits(0).prints(STORY)
    require(len(world.chats()) == 1 and issuer.answers_asked() == 1, "the sign-in's server asked")


@scenario
def a_login_beside_a_key_says_who_answers(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    world.dotenv()
    sign_in(world, issuer).exits(0).complains("prompts still go to openai_compat", "OPENAI_API_KEY", "--account qwen_oauth")


@scenario
def debugging_a_renewal_shows_no_token(world):
    issuer = signed_in(world)
    expire_here(world)
    world.qwen("--debug", "-v", "-p", "hi").exits(0).prints(STORY).complains("/api/v1/oauth2/token", "because of the Qwen sign-in")
    # Found in what the run printed, both generations of tokens would fail the scenario.
    remember_tokens(world)


@scenario
def a_code_that_ran_out_on_a_terminal_is_replaced_twice(world):
    issuer = LoopbackIssuer(world, "--code-lifetime", 2)
    configure(world, issuer)
    code, shown = on_a_terminal(world, "auth", "login", "--no-browser")
    require(code == 4 and issuer.sign_ins_begun() == 3, f"three codes and exit code 4, not {issuer.sign_ins_begun()} and {code}:\n{shown}")
    require("waiting 0:0" in shown and "Ctrl-C cancels" in shown, f"the time that is left:\n{shown}")
    require(shown.count("the code expired") >= 3, f"the end of each code:\n{shown}")


def on_a_terminal(world, *arguments):
    """Exit code and everything shown, as somebody at a terminal who types nothing sees it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([world.program, *arguments], env=world.environment({"TERM": "xterm"}), cwd=world.work, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # nobody holds the other end any more
        pass
    os.close(ours)
    return process.wait(), shown.decode("utf-8", "replace")


@scenario
def a_project_file_cannot_name_the_issuer(world):
    issuer = signed_in(world)
    stranger = world.start_provider("--accept-anyone")
    world.write(".env", "".join(f"QWEN_OAUTH_{name}={stranger.url}\n{name}={stranger.url}\n" for name in ("TOKEN_ENDPOINT", "BASE_URL")) )
    expire_here(world)
    world.qwen("--provider", "qwen_oauth", "-p", "hi").exits(0).prints(STORY)
    remember_tokens(world)
    require(stranger.requests() == [] and issuer.answers_asked() == 1, "the stranger never asked")


@scenario
def without_a_terminal_no_sign_in_begins_by_itself(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    for arguments in (("-p", "hi"), ("--provider", "qwen_oauth", "-p", "hi"), ("--provider", "qwen_oauth", "models")):
        world.qwen(*arguments).exits(4).prints_nothing().complains("not signed in", "OPENAI_API_KEY", "--with-api-key", "qwen auth login --no-browser")
    world.qwen("auth", "refresh", "qwen_oauth").exits(4).prints_nothing().complains("nobody is signed in", "qwen auth login")
    require(issuer.provider.requests() == [], "no request")


@scenario
def a_credential_file_that_is_a_link_is_refused(world):
    issuer = signed_in(world)
    path = world.home / CREDENTIALS
    elsewhere = path.with_name("elsewhere.json")
    path.rename(elsewhere)
    world.written.add(elsewhere.resolve())
    path.symlink_to(elsewhere)
    world.qwen("--provider", "qwen_oauth", "-p", "hi").exits(4).prints_nothing().complains("symbolic link", CREDENTIALS)
    require(issuer.answers_asked() == 0, "no request")
    path.unlink()


@scenario
def a_home_that_cannot_be_written_still_serves_who_is_signed_in(world):
    issuer = signed_in(world)
    read_only = read_only_program(world)
    world.qwen("-p", "hi", program=read_only).exits(0).prints(STORY)
    expire_here(world)
    world.qwen("-p", "hi", program=read_only).exits(0).prints(STORY).complains("could not be saved", "this run only")
    begun = issuer.sign_ins_begun()
    world.qwen("auth", "login", "--no-browser", program=read_only).exits(3).complains("read-only")
    require(issuer.sign_ins_begun() == begun, "no code shown that would lead nowhere")


@scenario
def without_a_home_a_key_works_and_a_sign_in_says_what_is_missing(world):
    namespace = ["unshare", "--user", "--map-user=4242"]
    require_namespace([*namespace, "true"])
    issuer = LoopbackIssuer(world)
    nobody = script(world, "nobody", f'exec {" ".join(namespace)} {world.program} "$@"')
    world.qwen(*world.flags, "-p", "hi", program=nobody, env={"HOME": None}).exits(0).prints(STORY)
    world.qwen("auth", "login", "qwen_oauth", "--no-browser", program=nobody, env={"HOME": None}).exits(3).complains("no home directory", "QWEN_HOME")
    require(issuer.provider.requests() == [], "no request")


def read_only_program(world):
    """The program with a home that refuses every write. Root may write wherever the file system can, so it is the file system that cannot."""
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    home = world.home
    mount = f"mount --bind {home} {home} && mount -o remount,bind,ro {home}"
    require_namespace([*namespace, "sh", "-c", mount])
    return script(world, "read-only", f"exec {' '.join(namespace)} sh -c '{mount} && exec {world.program} \"$@\"' sh \"$@\"")


def script(world, name, line):
    path = world.root / name
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o700)
    return path


def require_namespace(command):
    """Containers may forbid namespaces; then there is no way to show this here."""
    tried = subprocess.run(command, capture_output=True, text=True)
    if tried.returncode != 0:
        raise Skipped(f"{' '.join(command[:3])} fails: {tried.stderr.strip()}")


@scenario
def a_lock_that_qwen_code_left_behind_holds_nobody_up(world):
    issuer = signed_in(world)
    expire_here(world)
    lock = world.write(world.in_home(".qwen/oauth_creds.lock"), "0b0e7c8e-6d0f-4d3e-9a55-0f3a3a1f7c11")
    a_minute_ago = time.time() - 60
    os.utime(lock, (a_minute_ago, a_minute_ago))
    world.qwen("-p", "hi", timeout=8).exits(0).prints(STORY)
    remember_tokens(world)
    require(not lock.exists(), "no lock file afterwards")


@scenario
def a_credential_file_that_is_no_json_is_set_aside(world):
    issuer = signed_in(world)
    path = world.home / CREDENTIALS
    path.write_text('{"access_token": ')
    world.qwen("-p", "hi").exits(4).prints_nothing().complains("oauth_creds.json.corrupt", "qwen auth login")
    require(path.with_name(path.name + ".corrupt").read_text() == '{"access_token": ', "the same bytes under another name")
    sign_in(world, issuer).exits(0)
    world.qwen("-p", "hi").exits(0).prints(STORY)


@scenario
def a_directory_everybody_may_write_is_not_trusted(world):
    issuer = signed_in(world)
    (world.home / ".qwen").chmod(0o777)
    world.qwen("--provider", "qwen_oauth", "-p", "hi").exits(4).prints_nothing().complains("everybody may write", "chmod 700")
    require(issuer.answers_asked() == 0, "no request")
