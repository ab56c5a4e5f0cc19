"""Certificates and proxies: who is trusted, and by which way the request goes."""

import contextlib
import shutil
import socket
import subprocess

from harness import STORY, require, scenario


def certificates(world):
    folder = world.temporary / "certificates"
    script = world.source / "tests" / "make_certificates"
    subprocess.run([script, folder], check=True, stdout=subprocess.DEVNULL)
    return folder


def ask(world, folder, name, **env):
    server = world.start_provider("--tls", folder / f"{name}.pem", folder / f"{name}.key")
    return world.qwen("--openai-api-key", world.key, "--openai-base-url", server.url, "-p", "hi", env=env)


def ask_by_number(world, folder, **env):
    """A proxy resolves names by itself, and not every machine's resolver knows localhost."""
    server = world.start_provider("--tls", folder / "valid.pem", folder / "valid.key")
    return world.qwen("--openai-api-key", world.key, "--openai-base-url", f"https://127.0.0.1:{server.port}/v1", "-p", "hi",
                      env={"SSL_CERT_FILE": str(folder / "ca.pem"), **env})


@contextlib.contextmanager
def proxy(world, *lines):
    """tinyproxy on a free port; yields the port and its log file."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = world.temporary / "proxy.log"
    settings = world.temporary / "proxy.conf"
    settings.write_text("\n".join([f"Port {port}", "Listen 127.0.0.1", "Timeout 20", f'LogFile "{log}"', "LogLevel Connect", *lines]) + "\n")
    process = subprocess.Popen([shutil.which("tinyproxy"), "-d", "-c", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        world.wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "the proxy")
        yield port, log
    finally:
        process.kill()
        process.wait()


@scenario
def https_with_a_trusted_certificate_answers(world):
    folder = certificates(world)
    ask(world, folder, "valid", SSL_CERT_FILE=str(folder / "ca.pem")).exits(0).prints(STORY)
    ask(world, folder, "valid", SSL_CERT_DIR=str(folder / "hashed")).exits(0).prints(STORY)


@scenario
def a_certificate_that_proves_nothing_is_refused(world):
    folder = certificates(world)
    for name in ("expired", "wrong-host", "untrusted"):
        ask(world, folder, name, SSL_CERT_FILE=str(folder / "ca.pem")).exits(5).prints_nothing().complains("certificate")
    ask(world, folder, "valid").exits(5).prints_nothing().complains("certificate")


@scenario
def a_ca_file_of_the_users_settings_is_used(world):
    folder = certificates(world)
    world.write("../.qwen/config.toml", f'[network]\nca_file = "{folder / "ca.pem"}"\n')
    ask(world, folder, "valid").exits(0).prints(STORY)


@scenario
def an_old_protocol_is_refused(world):
    folder = certificates(world)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", folder / "valid.pem", "-key", folder / "valid.key", "-tls1_1",
                               "-cipher", "ALL:@SECLEVEL=0", "-quiet"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        world.wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "the old server")
        run = world.qwen("--openai-api-key", world.key, "--openai-base-url", f"https://localhost:{port}/v1", "-p", "hi",
                         env={"SSL_CERT_FILE": str(folder / "ca.pem")}, timeout=60)
        run.exits(5).prints_nothing()
    finally:
        server.kill()
        server.wait()


@scenario
def https_goes_through_the_proxy_of_the_environment(world):
    folder = certificates(world)
    with proxy(world) as (port, log):
        ask_by_number(world, folder, HTTPS_PROXY=f"http://127.0.0.1:{port}").exits(0).prints(STORY)
        require("CONNECT 127.0.0.1" in log.read_text(), "a tunnel in the proxy's log")
        log.write_text("")
        ask_by_number(world, folder, HTTPS_PROXY=f"http://127.0.0.1:{port}", NO_PROXY="127.0.0.1").exits(0).prints(STORY)
        require("CONNECT 127.0.0.1" not in log.read_text(), "no tunnel for a host in NO_PROXY")


@scenario
def a_proxy_that_asks_for_a_password_gets_it_and_nobody_sees_it(world):
    folder = certificates(world)
    password = world.secret("proxypass")
    with proxy(world, f"BasicAuth ana {password}") as (port, log):
        world.written.add((world.temporary / "proxy.conf").resolve())
        ask_by_number(world, folder, HTTPS_PROXY=f"http://ana:{password}@127.0.0.1:{port}").exits(0).prints(STORY)
        require("CONNECT 127.0.0.1" in log.read_text(), "a tunnel in the proxy's log")
        wrong = world.secret("wrongpass")
        ask_by_number(world, folder, HTTPS_PROXY=f"http://ana:{wrong}@127.0.0.1:{port}").exits(5).prints_nothing().complains("proxy", "user and password").does_not_say("try 2")
        ask_by_number(world, folder, HTTPS_PROXY=f"http://127.0.0.1:{port}").exits(5).prints_nothing().complains("proxy", "user and password").does_not_say("try 2")


@scenario
def a_server_that_says_nothing_is_given_up(world):
    first = ["--first-byte-timeout", "300ms", "--idle-timeout", "300ms"]
    world.qwen(*world.flags, *first, "-m", "slow-headers-20000", "-p", "hi").exits(5).prints_nothing().complains("300 ms")
    cut = world.qwen(*world.flags, *first, "-m", "stall-after-3", "-p", "hi").exits(5).complains("300 ms")
    require(STORY.startswith(cut.out.rstrip("\n")) and len(cut.out) > 4, f"the part that came, not {cut.out!r}")


@scenario
def a_proxy_that_is_not_there_is_a_network_error(world):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    world.dotenv()
    world.qwen("-p", "hi", env={"HTTP_PROXY": f"http://127.0.0.1:{port}", "http_proxy": f"http://127.0.0.1:{port}"}).exits(5).prints_nothing().complains("proxy")
