"""Certificates and proxies: who is trusted, and by which way the request goes."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading

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


@contextlib.contextmanager
def strict_server(world, folder, *arguments):
    """openssl's own server, with what the arguments ask for; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", folder / "valid.pem", "-key", folder / "valid.key",
                               "-cipher", "ALL:@SECLEVEL=0", "-quiet", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        world.wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "the server")
        yield f"https://localhost:{port}/v1"
    finally:
        server.kill()
        server.wait()


def ask_at(world, folder, url, **env):
    return world.qwen("--openai-api-key", world.key, "--openai-base-url", url, "-p", "hi", env={"SSL_CERT_FILE": str(folder / "ca.pem"), **env}, timeout=60)


@scenario
def an_old_protocol_is_refused(world):
    folder = certificates(world)
    with strict_server(world, folder, "-tls1_1") as url:
        ask_at(world, folder, url).exits(5).prints_nothing().complains("localhost does not speak TLS 1.2 or newer")


@scenario
def the_lowest_version_of_tls_can_be_raised(world):
    folder = certificates(world)
    world.write(world.in_home(".qwen/config.toml"), '[network]\ntls_minimum = "1.3"\n')
    with strict_server(world, folder, "-tls1_2") as url:
        ask_at(world, folder, url).exits(5).prints_nothing().complains("localhost does not speak TLS 1.3", "network.tls_minimum")
    ask(world, folder, "valid", SSL_CERT_FILE=str(folder / "ca.pem")).exits(0).prints(STORY)


class MutualServer:
    """A server that answers only those who show a certificate of the authority."""

    def __init__(self, folder, version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        context.load_cert_chain(folder / "valid.pem", folder / "valid.key")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.names = []
        self.refused = 0
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.listener.getsockname()[1]}/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(plain,), daemon=True).start()

    def _answer(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as stream:
                self.names.append(dict(pair[0] for pair in stream.getpeercert()["subject"])["commonName"])
                while b"\r\n\r\n" not in stream.recv(1 << 16):
                    pass
                body = b'{"choices":[{"message":{"content":"hello, client"},"finish_reason":"stop"}]}'
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except OSError:
            self.refused += 1


def client_settings(world, certificate=None, key=None):
    lines = [f'{name} = "{path}"' for name, path in (("client_certificate", certificate), ("client_key", key)) if path]
    world.write(world.in_home(".qwen/config.toml"), "\n".join(["[network]", *lines]) + "\n")


@scenario
def a_server_that_wants_a_client_certificate_gets_it(world):
    folder = certificates(world)
    both = world.temporary / "both.pem"
    both.write_bytes((folder / "client.pem").read_bytes() + (folder / "client.key").read_bytes())
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        server = MutualServer(folder, version)
        client_settings(world)
        ask_at(world, folder, server.url).exits(5).prints_nothing().complains("localhost", "network.client_certificate")
        require(not server.names, "nobody let in without a certificate")
        client_settings(world, folder / "untrusted.pem", folder / "untrusted.key")
        ask_at(world, folder, server.url).exits(5).prints_nothing().complains("localhost", 'issued by "another test authority"', "network.client_certificate")
        for certificate, key in ((folder / "client.pem", folder / "client.key"), (both, None)):
            client_settings(world, certificate, key)
            ask_at(world, folder, server.url).exits(0).prints("hello, client")
        require(server.names == ["client", "client"], f"the client's name, not {server.names}")


@scenario
def a_client_certificate_that_cannot_be_used_is_a_clear_error(world):
    folder = certificates(world)
    broken = world.write(world.in_home("broken.pem"), "-----BEGIN CERTIFICATE-----\nnothing\n")
    for certificate, key, parts in ((folder / "client.pem", folder / "client-encrypted.key", ("client-encrypted.key", "encrypted", "openssl pkey")),
                                    (folder / "client.pem", folder / "valid.key", ("valid.key", "does not belong")),
                                    (folder / "absent.pem", folder / "client.key", ("absent.pem", "cannot be read")),
                                    (broken, folder / "client.key", ("broken.pem", "cannot be read")),
                                    (folder / "client.pem", None, ("client.pem", "key of the client certificate cannot be read")),
                                    (None, folder / "client.key", ("client.key", "no certificate"))):
        client_settings(world, certificate, key)
        ask(world, folder, "valid", SSL_CERT_FILE=str(folder / "ca.pem")).exits(3).prints_nothing().complains(*parts)


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
