"""A key goes where its owner sends it, and nowhere a project's file points."""

import pathlib
import socket
import ssl
import subprocess
import threading

import origin_rules
from governed import Governed
from harness import Failure, require, scenario
from typist import at_terminal

URLS = {"known": "https://openrouter.ai/api/v1", "other": "https://other.example/v1"}
SERVERS = {"openrouter.ai:443": "known", "other.example:443": "other", "api.openai.com:443": "default"}
QUESTION = "Send this key to"


class Interceptor:
    """A proxy that plays every server itself, under a certificate the program is told to trust; refuses each key with 401, which nobody retries."""

    def __init__(self, world):
        self.certificate, key = world.temporary / "everybody.pem", world.temporary / "everybody.key"
        names = ",".join("DNS:" + name.split(":")[0] for name in SERVERS)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=everybody",
                        "-addext", f"subjectAltName={names}", "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate, key)
        self.seen = []  # (server, whether a key came)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                self._answer(peer)

    def _answer(self, peer):
        connect = peer.recv(1 << 16).decode("latin-1")
        server = SERVERS.get(connect.split()[1], connect)
        self.seen.append((server, "authorization" in connect.lower()))
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            with self.tls.wrap_socket(peer, server_side=True) as channel:
                request = channel.recv(1 << 16).decode("latin-1")
                self.seen.append((server, "authorization: bearer" in request.lower()))
                channel.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        except OSError:
            pass  # the program gave up first; what was seen counts

    def close(self):
        self.listener.close()


class Row:
    """One line of the table, set up in a home of its own and tried."""

    def __init__(self, world, governed, proxy, line, number):
        self.world, self.governed, self.proxy, self.line = world, governed, proxy, line
        self.__dict__.update(zip(origin_rules.COLUMNS, line.split("\t")))
        self.url_text = URLS.get(self.host, world.url)
        self.home = world.root / f"home{number}"
        (self.home / "project").mkdir(parents=True, mode=0o700)
        (self.home / ".qwen").mkdir(mode=0o700)
        self.flags, self.variables = [], {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(proxy.certificate), "HOME": str(self.home)}

    def write(self, name, text):
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        self.world.written.add(path.resolve())

    def set_up(self):
        for place, name in (("project", "project/.env"), ("home", ".qwen/.env")):
            lines = [f"OPENAI_API_KEY={self.world.key}"] * (self.key == place) + [f"OPENAI_BASE_URL={self.url_text}"] * (self.url == place)
            if lines:
                self.write(name, "\n".join(lines) + "\n")
        config = [f'api_key = "{self.world.key}"'] * (self.key == "config") + [f'base_url = "{self.url_text}"'] * (self.url == "config")
        if config:
            self.write(".qwen/config.toml", "[providers.openai_compat]\n" + "\n".join(config) + "\n")
        if self.key == "stored":
            self.write(".qwen/credentials.json", '{"version":1,"secrets":{"openai_compat":{"default":{"api_key":{"value":"%s","revision":1}}}}}' % self.world.key)
        if self.key == "flag":
            self.flags += ["--openai-api-key", self.world.key]
        if self.url == "flag":
            self.flags += ["--openai-base-url", self.url_text]
        self.variables.update({"OPENAI_API_KEY": self.world.key} if self.key == "environment" else {})
        self.variables.update({"OPENAI_BASE_URL": self.url_text} if self.url == "environment" else {})
        if self.grant == "yes" and self.url != "none":
            self.run_in_project("trust", "origin", self.url_text)

    def run_in_project(self, *arguments):
        return self.world.qwen(*arguments, *self.flags, env=self.variables, cwd=self.home / "project")

    def try_it(self):
        self.set_up()
        served, connected = len(self.world.provider.requests()), len(self.proxy.seen)
        self.governed.write('schema = 1\n[network]\nendpoint_binding = "%s"\n' % ("strict" if self.strict == "yes" else "default"))
        environment = {"QWEN_TEST_POLICY_DIRECTORY": str(self.governed.directory), **self.variables}
        arguments = ["--plain", *self.flags, "tell me"]
        self.world.work = self.home / "project"
        if self.terminal == "yes":
            run = at_terminal(self.world, *arguments, answers=[("\n> ", "\n")], env=environment, program=self.governed.program)
        else:
            run = self.world.qwen(*arguments, env=environment, program=self.governed.program)
        requests = self.world.provider.requests()[served:]
        proxied = self.proxy.seen[connected:]
        servers = {server for server, _ in proxied} | {"loopback" for _ in requests}
        keys = [key for _, key in proxied] + ["authorization" in {name.lower() for name in names_of(request["headers"])} for request in requests]
        seen = {
            "sent_to": ",".join(sorted(servers)) or "nobody",
            "with_key": "yes" if any(keys) else "no",
            "exit": str(run.code),
            "asked": "yes" if QUESTION in run.err else "no",
            "announced": "yes" if ", which " in run.err and " goes to " in run.err else "no",
        }
        wrong = [f"{name} {value}, not {getattr(self, name)}" for name, value in seen.items() if value != getattr(self, name)]
        if wrong:
            raise Failure(f"  {self.line!r}: {'; '.join(wrong)}\n{run}")


def names_of(headers):
    return headers.keys() if isinstance(headers, dict) else [pair[0] for pair in headers]


@scenario
def every_row_of_the_table(world):
    golden = (pathlib.Path(__file__).parent / "origin_rules.tsv").read_text()
    require(golden == origin_rules.table(), "origin_rules.tsv to be what origin_rules.py prints; review the difference and write it again")
    governed, proxy = Governed(world), Interceptor(world)
    rows = golden.splitlines()[1:]
    try:
        for number, line in enumerate(rows):
            Row(world, governed, proxy, line, number).try_it()
    finally:
        proxy.close()
    print(f"figure  origin rows: {len(rows)}")


@scenario
def once_and_always_are_what_they_say(world):
    world.dotenv(OPENAI_API_KEY=None)
    environment = {"OPENAI_API_KEY": world.key}
    run = at_terminal(world, "tell me", answers=[("\n> ", "2\n")], env=environment).exits(0)
    run.complains("environment OPENAI_API_KEY", ".env:1", world.provider.base_url)
    at_terminal(world, "tell me", answers=[("\n> ", "\n")], env=environment).exits(3)
    at_terminal(world, "tell me", answers=[("\n> ", "3\n")], env=environment).exits(0)
    at_terminal(world, "tell me", env=environment).exits(0).does_not_say(QUESTION)
    world.qwen("-p", "hi", env=environment).exits(0)
    grants = world.home / ".qwen" / "trusted_origins"
    require(grants.stat().st_mode & 0o777 == 0o600, "the grants to be the user's alone")
    world.qwen("-p", "hi", env={"OPENAI_API_KEY": world.secret("sk")}).exits(3)  # another key
    world.qwen("trust", "origin", "--list").exits(0).prints_part(world.provider.base_url)
    world.qwen("trust", "origin", world.url, "--remove").exits(0)
    world.qwen("-p", "hi", env=environment).exits(3)


@scenario
def a_script_is_never_asked(world):
    world.dotenv(OPENAI_API_KEY=None)
    for arguments, extra in ((["-p", "hi"], {}), (["tell me"], {"CI": "true"})):
        at_terminal(world, *arguments, env={"OPENAI_API_KEY": world.key, **extra}).exits(3).does_not_say(QUESTION)
    require(not world.provider.requests(), "no request")


@scenario
def trust_comes_from_the_real_environment_alone(world):
    origin = world.provider.base_url
    world.dotenv(OPENAI_API_KEY=None, QWEN_TRUST_ORIGINS=origin)
    environment = {"OPENAI_API_KEY": world.key}
    world.qwen("-p", "hi", env=environment).exits(3)
    world.write(world.in_home(".qwen/.env"), f"QWEN_TRUST_ORIGINS={origin}\n")
    world.qwen("-p", "hi", env=environment).exits(3)
    require(not world.provider.requests(), "no request")
    world.qwen("-p", "hi", env={**environment, "QWEN_TRUST_ORIGINS": f"https://a.example, {origin}"}).exits(0)


@scenario
def the_files_own_pair_can_be_chosen(world):
    world.dotenv()
    other = world.secret("sk")
    run = world.qwen("-p", "hi", env={"OPENAI_API_KEY": other}).exits(3)
    run.complains("--auth-source file")
    require(not world.provider.requests(), "no request")
    world.qwen("--auth-source", "file", "-p", "hi", env={"OPENAI_API_KEY": other}).exits(0)


@scenario
def request_headers_of_the_user_are_bound_too(world):
    token = world.secret("header")
    world.dotenv()
    for name in ("Authorization", "X-Team-Token", "x-api-key", "Cookie"):
        world.write(world.in_home(".qwen/config.toml"), f'[providers.openai_compat]\nheaders = ["X-Team: a", "{name}: {token}"]\n')
        world.qwen("-p", "hi").exits(3).prints_nothing().complains("headers")
    require(not world.provider.requests(), "no request")
    world.write(world.in_home(".qwen/config.toml"), '[providers.openai_compat]\nheaders = ["X-Team: a"]\n')
    world.qwen("-p", "hi").exits(0)


@scenario
def a_damaged_list_of_trust_is_no_trust(world):
    world.dotenv(OPENAI_API_KEY=None)
    for content in ("", "{}", '{"version":1,"salt":"","grants":[]}', '{"version":1,"salt":"00","grants":[1]}', "[" * 100000):
        world.write(world.in_home(".qwen/trusted_origins"), content)
        run = world.qwen("-p", "hi", env={"OPENAI_API_KEY": world.key})
        require(run.code in (3, 4), f"a refusal\n{run}")
    require(not world.provider.requests(), "no request")
