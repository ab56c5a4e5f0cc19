"""Where a secret is seen from outside: in what the system calls carry, and in what /proc shows of the program and its children."""

import pathlib
import re
import shutil
import subprocess

from harness import STORY, Skipped, require, scenario
from isolation_test import install
from issuer import LoopbackIssuer, configure, remember_tokens, sign_in


def traced(world, *arguments, stdin=None, env=None, program=None):
    """Runs the program under strace; returns its run and every call that gives bytes away, descriptors named."""
    if shutil.which("strace") is None:
        raise Skipped("needs strace (scripts/install-packages test)")
    log = world.root / "trace"
    world.written.add(log.resolve())
    command = ["-f", "-y", "-s", "1000000", "-e", "trace=write,writev,pwrite64,pwritev,sendto,sendmsg,execve", "-o", log, program or world.program, *arguments]
    run = world.qwen(*command, stdin=stdin, env=env, program="/usr/bin/strace", timeout=60)
    calls = log.read_text(errors="replace").splitlines()
    if not any("execve(" in call for call in calls):
        raise Skipped("strace may not trace here")
    log.unlink()
    return run, calls


def strangers(world, calls):
    """Calls that carry a secret to another place than a credential header or a form on a connection, a plugin's own process, or a credential file being written."""
    found = []
    for call in calls:
        if not any(secret in call for secret in world.secrets):
            continue
        is_request = re.search(r"(write|sendto|sendmsg)\(\d+<(TCP|socket):", call) and any(re.search(r"(\\n[A-Za-z-]+: [^\\]*|token=)" + re.escape(secret), call) for secret in world.secrets)
        is_plugin = re.search(r"(write|sendto|sendmsg)\(\d+<(UNIX|socket):", call) and "HTTP/1.1" not in call
        is_store = re.search(r"write\(\d+<[^>]*/\.qwen/(credentials|oauth_creds)\.json\.tmp>", call)
        if not (is_request or is_plugin or is_store):
            found.append(call[:200])
    return found


@scenario
def traced_writes_carry_a_secret_to_the_server_and_the_store_alone(world):
    at = ("--openai-base-url", world.url)
    _, calls = traced(world, "auth", "login", "local", "--with-api-key", *at, stdin=world.key)
    require(any(world.key in call for call in calls), "the trace to show what is sent")
    require(not strangers(world, calls), f"no other call with a secret: {strangers(world, calls)}")
    world.written.add((world.home / ".qwen/credentials.json").resolve())
    for arguments in (("-p", "hi"), ("--debug", "--verbose", "-p", "hi"), ("-o", "json", "-p", "hi"), ("doctor", "--online"), ("auth", "status", "--check"), ("config", "explain"),
                      ("auth", "logout")):
        run, calls = traced(world, *arguments)
        run.exits(0)
        require(not strangers(world, calls), f"no other call with a secret in {arguments}: {strangers(world, calls)}")


@scenario
def traced_writes_of_a_sign_in_that_renews_itself(world):
    issuer = LoopbackIssuer(world)
    configure(world, issuer)
    sign_in(world, issuer).exits(0)
    issuer.forget_access_tokens()
    run, calls = traced(world, "-p", "hi")
    run.exits(0).prints(STORY)
    remember_tokens(world)
    require(any("oauth_creds.json.tmp" in call for call in calls), "the renewed sign-in to be written")
    require(not strangers(world, calls), f"no other call with a secret: {strangers(world, calls)}")


def with_plugin_of_its_own_process(world):
    install(world, "well_behaved")
    world.write("../.qwen/config.toml", f'[providers.well_behaved]\nbase_url = "{world.url}"\n')
    return {"WELL_BEHAVED_API_KEY": world.key}


@scenario
def traced_writes_with_the_plugin_in_a_process_of_its_own(world):
    run, calls = traced(world, "--provider", "well_behaved", "-p", "hi", env=with_plugin_of_its_own_process(world))
    run.exits(0).prints(STORY)
    require(not strangers(world, calls), f"no other call with a secret: {strangers(world, calls)}")


def descendants(pid):
    found = []
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


@scenario
def proc_shows_no_secret_of_the_program_and_its_children(world):
    exported = with_plugin_of_its_own_process(world)
    for arguments, env in ((("--openai-api-key", world.key, "--openai-base-url", world.url), {}), (("--provider", "well_behaved"), exported)):
        before = world.provider.control("stats")["chats"]
        process = world.start(*arguments, "-m", "slow-first-1500", "-p", "hi", stdin=subprocess.DEVNULL, env=env)
        world.wait_for(lambda: world.provider.control("stats")["chats"] == before + 1, "the request")
        children = descendants(process.pid)
        require(children or not env, "the plugin's process")
        seen = 0
        for pid in [process.pid, *children]:
            # What the user exported is in the program's own environment; it goes no further.
            for name in ("cmdline", "environ") if pid != process.pid or not env else ("cmdline",):
                try:
                    content = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
                except PermissionError:
                    continue
                seen += 1
                require(world.key.encode() not in content, f"no key in /proc/{pid}/{name}")
        world.finish(process).exits(0)
        require(seen, "something to be readable")
