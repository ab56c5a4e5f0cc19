"""Abuse cases of the threat model, each by its number; docs/admin/abuse-cases.md says which test shows which, here or elsewhere."""

import itertools
import os
import pathlib
import re
import resource
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import require, scenario, scenarios
from typist import at_terminal


class Server:
    """Answers every request the same way and remembers the paths."""

    def __init__(self, status, headers=(), body=lambda request: b""):
        seen = self.seen = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append(self.path)
                content = body(self)
                self.send_response(status)
                for name, value in (*headers, ("Content-Length", str(len(content)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@scenario
def case_01_a_projects_url_and_the_shells_key(world):
    world.dotenv(OPENAI_API_KEY=None)
    key = {"OPENAI_API_KEY": world.key}
    world.qwen("-p", "hi", env=key).exits(3).prints_nothing().complains(".env:1", "qwen trust origin")
    at_terminal(world, "tell me", answers=[("\n> ", "\n")], env=key).exits(3)
    world.dotenv(OPENAI_API_KEY=None, OPENAI_BASE_URL="https://evil.invalid/v1")
    world.qwen("-p", "hi", env=key).exits(3).does_not_say("address of")
    require(not world.provider.requests(), "no request")


@scenario
def case_01_a_key_typed_at_a_login_in_somebodys_project(world):
    world.dotenv(OPENAI_API_KEY=None)
    run = at_terminal(world, "auth", "login", "openai", answers=[("key", world.key + "\n")], timeout=20)
    require(run.code == 3 and not world.provider.requests(), f"no request to the project's server\n{run}")
    world.written.add((world.home / ".qwen" / "credentials.json").resolve())


@scenario
def case_02_a_pair_in_the_file_and_another_key_exported(world):
    world.dotenv()
    other = {"OPENAI_API_KEY": world.secret("sk")}
    world.qwen("-p", "hi", env=other).exits(3).complains("--auth-source file")
    require(not world.provider.requests(), "no request")
    world.qwen("--auth-source", "file", "-p", "hi", env=other).exits(0)


@scenario
def case_03_key_and_url_in_one_file(world):
    world.dotenv()
    at_terminal(world, "tell me").exits(0).does_not_say("Send this key")


@scenario
def case_04_a_url_by_flag_and_any_key(world):
    world.dotenv(OPENAI_BASE_URL="https://evil.invalid/v1")
    for key in ({"OPENAI_API_KEY": world.key}, {}):
        at_terminal(world, "--openai-base-url", world.url, "tell me", env=key).exits(0).does_not_say("Send this key")


@scenario
def case_05_addresses_that_mean_two_things(world):
    for url in ("https://good.example@evil.invalid/v1", "https://good.example\\@evil.invalid/v1", "https:///evil.invalid", "https://good.example\u2028evil/v1", "https://evil.invalid:99999/v1",
                "https://evil.invalid:0/v1", "https://\u0435vil.invalid/v1", "http://0x7f.1/v1", "http://2130706433/v1", "http://127.1/v1", "https://evil.invalid/%zz", "https://%65vil.invalid/v1",
                "https://[::1/v1", "https://evil.invalid#@good.example/", "javascript:alert(1)", "//evil.invalid/v1", "https://evil\t.invalid/v1"):
        world.write(".env", f"OPENAI_API_KEY={world.key}\nOPENAI_BASE_URL='{url}'\n")
        world.qwen("-p", "hi").exits(3).prints_nothing().complains(".env:2").does_not_say("address of")


@scenario
def case_06_no_regular_file(world):
    path = world.work / ".env"
    for make in (lambda: os.mkfifo(path), path.mkdir, lambda: path.symlink_to("/dev/zero"), lambda: path.symlink_to("/dev/stdin"),
                 lambda: socket.socket(socket.AF_UNIX).bind(str(path))):
        make()
        began = time.monotonic()
        world.qwen("-p", "hi", timeout=10).exits(3).prints_nothing().complains(str(path))
        require(time.monotonic() - began < 5, "an answer at once")
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


@scenario
def case_07_contents_no_editor_writes(world):
    pair = f"OPENAI_API_KEY={world.key}\nOPENAI_BASE_URL={world.url}\n".encode()
    for content in (pair.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + pair):
        world.write(".env", content)
        world.qwen("-p", "hi").exits(0)
    for content in (pair + b"X=\0\n", pair + b'Y="open\n', pair + b"A=1\n" * 20_000, b"OPENAI_API_KEY=\xff\xfe\n" + pair.splitlines(True)[1]):
        world.write(".env", content)
        world.qwen("-p", "hi").exits(3).prints_nothing().complains(".env")


@scenario
def case_08_a_file_or_folder_others_may_write(world):
    evil = "OPENAI_API_KEY=sk-evil\nOPENAI_BASE_URL=https://evil.invalid/v1\n"
    world.write(world.in_home(".qwen/.env"), f"OPENAI_API_KEY={world.key}\nOPENAI_BASE_URL={world.url}\n")
    world.write(".env", evil, mode=0o666)
    require(world.qwen("-p", "hi").exits(0).err.count(".env ignored") == 1, "one line about the file")
    world.write(".env", evil)
    world.work.chmod(0o777)
    require(world.qwen("-p", "hi").exits(0).err.count(".env ignored") == 1, "one line about the folder")
    world.work.chmod(0o1777)
    world.qwen("-p", "hi").exits(0).complains(".env ignored")
    if os.geteuid() == 0:
        world.work.chmod(0o755)
        os.chown(world.work / ".env", 12345, 12345)
        world.qwen("-p", "hi").exits(0).complains("another user")


@scenario
def case_09_a_link_that_is_swapped_while_it_is_opened(world):
    good = world.write("good", f"OPENAI_API_KEY={world.key}\nOPENAI_BASE_URL={world.url}\n")
    evil = world.write("evil", "OPENAI_API_KEY=sk-evil\nOPENAI_BASE_URL=https://evil.invalid/v1\n", mode=0o666)
    link, spare, stop = world.work / ".env", world.work / ".env.new", threading.Event()
    link.symlink_to(good)

    def swap():
        for target in itertools.cycle((evil, good)):
            if stop.is_set():
                return
            spare.unlink(missing_ok=True)
            spare.symlink_to(target)
            os.replace(spare, link)

    flipper = threading.Thread(target=swap)
    flipper.start()
    try:
        for _ in range(60):
            run = world.qwen("-p", "hi")
            require("evil.invalid" not in run.err and run.code in (0, 3, 4), f"the other file never to be used\n{run}")
    finally:
        stop.set()
        flipper.join()


@scenario
def case_10_a_proxy_from_a_projects_file(world):
    with socket.create_server(("127.0.0.1", 0)) as trap:
        proxy = f"http://127.0.0.1:{trap.getsockname()[1]}"
        world.dotenv(HTTPS_PROXY=proxy, HTTP_PROXY=proxy, ALL_PROXY=proxy, https_proxy=proxy, all_proxy=proxy)
        world.qwen("-p", "hi").exits(0)
        trap.setblocking(False)
        try:
            trap.accept()
            require(False, "no connection to the proxy")
        except BlockingIOError:
            pass


@scenario
def case_11_variables_of_a_projects_file_reach_no_child(world):
    seen = world.temporary / "environment-of-the-child"
    helper = world.write("helper", f"#!/bin/sh\nenv > {seen}\nprintf %s {world.key}\n", mode=0o700)
    world.write(world.in_home(".qwen/config.toml"), f'[providers.openai_compat]\napi_key_command = "{helper}"\nbase_url = "{world.url}"\n')
    names = ("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "NODE_OPTIONS", "OPENSSL_CONF", "BASH_ENV", "IFS", "PATH", "HOME")
    world.write(".env", "".join(f"{name}=/nonexistent/evil\n" for name in names))
    world.qwen("-p", "hi").exits(0)
    require("evil" not in seen.read_text(), "nothing of the file in the child's environment")


@scenario
def case_12_switches_of_trust_from_a_projects_file(world):
    elsewhere = world.temporary / "elsewhere"
    elsewhere.mkdir()
    world.dotenv(OPENAI_API_KEY=None, QWEN_HOME=elsewhere, QWEN_PLUGIN_PATH=elsewhere, QWEN_TRUST_ORIGINS=world.provider.base_url, QWEN_SAFE_DIRECTORY="/", SSL_CERT_FILE="/nonexistent")
    world.qwen("-p", "hi", env={"OPENAI_API_KEY": world.key}).exits(3).prints_nothing()
    require(not world.provider.requests() and not list(elsewhere.iterdir()), "no request, and nothing made elsewhere")


@scenario
def case_13_a_plugin_others_could_have_changed(world):
    folder = world.home / ".qwen" / "plugins"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    plugin = folder / "acme.so"
    plugin.write_bytes((world.build / "lib/qwen/plugins/openai_compat.so").read_bytes())
    for file_mode, folder_mode in ((0o777, 0o700), (0o775, 0o700), (0o755, 0o777), (0o755, 0o1777), (0o755, 0o770)):
        plugin.chmod(file_mode)
        folder.chmod(folder_mode)
        world.qwen("--provider", "acme", "-p", "hi").exits(3).prints_nothing().complains(str(plugin), "others may write")
    folder.chmod(0o700)


@scenario
def case_17_a_plugin_of_ten_gigabytes(world):
    folder = world.home / ".qwen" / "plugins"
    folder.mkdir(parents=True, mode=0o700)
    plugin = folder / "acme.so"
    plugin.touch(0o755)
    os.truncate(plugin, 10 << 30)
    world.written.add(plugin.resolve())
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    world.qwen("--provider", "acme", "-p", "hi", timeout=10).exits(3).complains("64 MiB")
    require(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < max(before, 64 << 10), "little memory to be used")


@scenario
def case_19_two_plugins_of_one_name(world):
    folder = world.home / ".qwen" / "plugins"
    folder.mkdir(parents=True, mode=0o700)
    bundled = world.build / "lib/qwen/plugins/openai_compat.so"
    (folder / "openai_compat.so").write_bytes(bundled.read_bytes())
    (folder / "openai_compat.so").chmod(0o755)
    world.qwen("--provider", "openai_compat", "-p", "hi").exits(3).prints_nothing().complains(str(folder / "openai_compat.so"), str(bundled.resolve()))


@scenario
def case_27_redirects(world):
    elsewhere = Server(200)
    for status in (301, 302, 303, 307, 308):
        first = Server(status, [("Location", elsewhere.url + "/chat/completions")])
        for arguments in (["-p", "hi"], ["models"]):
            world.qwen("--openai-api-key", world.key, "--openai-base-url", first.url, *arguments).exits(8).prints_nothing().complains("redirect")
        require(len(first.seen) == 2, "one request each")
        first.close()
    require(not elsewhere.seen, "neither prompt nor key to go elsewhere")
    elsewhere.close()


@scenario
def case_30_escapes_in_an_error_of_the_server(world):
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
    body = ('{"error":{"message":"' + evil.replace("\x1b", "\\u001b").replace("\x07", "\\u0007").replace("\x9b", "\\u009b") + '","code":"' + "x" * 100_000 + '"}}').encode()
    server = Server(400, [("x-request-id", "a\tb")], lambda _: body)
    for arguments in (["tell me"], ["models"]):
        screen = at_terminal(world, "--plain", "--openai-api-key", world.key, "--openai-base-url", server.url, *arguments).err_bytes
        require(b"\x1b]" not in screen and b"\x1b[2J" not in screen and b"\x07" not in screen and b"\xc2\x9b" not in screen and "\u202e".encode() not in screen,
                f"no escape on the screen, not {screen[:300]!r}")
        require(len(screen) < 4000, "no more than a few lines")
    server.close()


@scenario
def case_31_a_server_that_repeats_the_key(world):
    server = Server(400, body=lambda request: b'{"error":{"message":"bad: %s"}}' % request.headers["Authorization"].encode())
    for form in ([], ["-o", "json"], ["--debug"]):
        world.qwen("--openai-api-key", world.key, "--openai-base-url", server.url, *form, "-p", "hi").exits(8)
    server.close()


@scenario
def case_39_a_home_that_is_none(world):
    world.dotenv()
    for home in (None, "", "relative", "/nonexistent/home"):
        world.qwen("-p", "hi", env={"HOME": home}).exits(0)


@scenario
def case_41_a_store_that_may_be_somebody_elses(world):
    folder = world.home / ".qwen"
    folder.mkdir(mode=0o700)
    content = '{"version":1,"secrets":{"openai_compat":{"default":{"api_key":{"value":"%s","revision":1}}}}}' % world.key
    arguments = ["--openai-base-url", world.url, "-p", "hi"]
    store = world.write(world.in_home(".qwen/credentials.json"), content, mode=0o644)
    world.qwen(*arguments).exits(0).complains("credentials.json")
    require(store.stat().st_mode & 0o777 == 0o600, "the mode to be repaired")
    real = world.write(world.in_home(".qwen/real.json"), content)
    store.unlink()
    store.symlink_to(real.resolve())
    world.qwen(*arguments).exits(4).prints_nothing().complains("credentials.json")
    store.unlink()
    world.write(world.in_home(".qwen/credentials.json"), content)
    folder.chmod(0o777)
    world.qwen(*arguments).exits(4).prints_nothing()
    folder.chmod(0o700)


@scenario
def case_43_no_core_is_dumped(world):
    process = world.start("--openai-api-key", world.key, "--openai-base-url", world.url, "-m", "slow-first-1500", "-p", "hi", stdin=subprocess.DEVNULL,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2))
    world.wait_for(lambda: world.provider.control("stats")["chats"] == 1, "the request")
    limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    world.finish(process).exits(0)
    require(re.search(r"Max core file size\s+0\s+0", limits), f"no core file to be allowed:\n{limits}")


@scenario
def case_45_debugging_shows_no_key(world):
    world.dotenv()
    world.qwen("--debug", "--verbose", "-p", "hi").exits(0)
    world.qwen("--debug", "models").exits(0)


@scenario
def case_48_json_nobody_should_send(world):
    for body in (b"[" * 200_000, b'{"choices":' * 5_000, b'{"choices":[{"message":{"content":"\\ud800"}}]', b"1e308" * 10, b"\xff\xfe{}", b"nul", b""):
        server = Server(200, [("Content-Type", "application/json")], lambda _, body=body: body)
        run = world.qwen("--openai-api-key", world.key, "--openai-base-url", server.url, "-p", "hi").exits(8)
        require(len(run.err) < 2000, "a short error")
        server.close()


@scenario
def the_page_names_a_test_for_every_case(world):
    page = (world.source / "docs/admin/abuse-cases.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| (.*)\|$", page, re.M))
    require(sorted(map(int, rows)) == list(range(1, 55)), f"a row for each of the 54 cases, not {sorted(map(int, rows))}")
    folders = [world.source / "tests" / name for name in ("unit", "torture", "contract", "fault_zoo", "e2e")]
    sources = "\n".join(path.read_text(errors="replace") for folder in folders for path in folder.rglob("*") if path.suffix in (".cpp", ".py", ".c", ".txt"))
    missing = []
    shown = 0
    for number, row in rows.items():
        names = re.findall(r"`([^`]+)`", row.split("|")[2])
        shown += bool(names)
        missing += [f"{number}: {name}" for name in names if name not in scenarios and f'"{name}"' not in sources and name not in sources]
        if not names and "not part of" not in row:
            missing.append(f"{number}: no test")
    require(not missing, "\n  ".join(["every test on the page to exist:", *missing]))
    print(f"figure  abuse cases with a test: {shown} of 54")
