"""What the program refuses before anything leaves the machine, and how it says so."""

import socket
import subprocess

from harness import require, scenario


@scenario
def nothing_set_is_exit_4_with_the_ways_forward(world):
    run = world.qwen("-p", "hi").exits(4).prints_nothing()
    run.complains("not signed in", "not a terminal", "OPENAI_API_KEY", "OPENAI_BASE_URL", "qwen auth login --no-browser", "--with-api-key", "looked in", ".env")


@scenario
def nothing_set_in_json_has_the_same_code(world):
    answer = world.qwen("-o", "json", "-p", "hi").exits(4).json()
    require(answer["ok"] is False and answer["error"]["code"] == "not_authenticated" and answer["error"]["exit_code"] == 4, f"the error, not {answer}")


@scenario
def a_key_with_a_line_break_is_refused(world):
    for key in ("sk-one\r\nX-Evil: 1", "sk-one\nX-Evil: 1", "sk-\rone"):
        world.qwen("--openai-api-key", key, "--openai-base-url", world.url, "-p", "hi").exits(3).prints_nothing().complains("key").does_not_say("X-Evil")
        world.qwen("-p", "hi", env={"OPENAI_API_KEY": key, "OPENAI_BASE_URL": world.url}).exits(3).does_not_say("X-Evil")
    require(not world.provider.requests(), "no request")


@scenario
def an_address_that_means_two_things_is_refused(world):
    port = world.provider.port
    bad = [f"http://user:pw@127.0.0.1:{port}/v1", f"http:\\\\127.0.0.1:{port}\\v1", f"http://127.0.0.1:{port}\\@evil.example/v1", "http:///v1", "https://",
           f"http://127.0.0.1:{port}/v1\nX: 1", f"http://127.0.0.1:{port}/v1#x", "ftp://127.0.0.1/v1", "127.0.0.1/v1", "http://127.0.0.1:99999/v1"]
    for url in bad:
        run = world.qwen("--openai-api-key", world.key, "--openai-base-url", url, "-p", "hi")
        require(run.code in (2, 3), f"a refusal of {url!r}\n{run}")
        run.prints_nothing().complains("url")
    require(not world.provider.requests(), "no request")


@scenario
def plain_http_leaves_this_machine_never(world):
    world.qwen("--openai-api-key", world.key, "--openai-base-url", "http://192.0.2.1/v1", "-p", "hi").exits(3).prints_nothing().complains("http")


@scenario
def a_key_of_the_user_does_not_go_to_the_projects_server(world):
    world.dotenv(OPENAI_API_KEY=None)
    run = world.qwen("-p", "hi", env={"OPENAI_API_KEY": world.key}).exits(3).prints_nothing()
    run.complains(".env:1", "OPENAI_API_KEY", "--openai-base-url", "QWEN_TRUST_ORIGINS")
    require(not world.provider.requests(), "no request")


@scenario
def a_plugin_file_that_cannot_be_used_is_named_with_the_reason(world):
    bundled = (world.build / "lib/qwen/plugins/openai_compat.so").read_bytes()
    folder = world.home / ".qwen" / "plugins"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    other_machine = bytearray(bundled)
    other_machine[18:20] = b"\xb7\x00"  # e_machine: AArch64
    for content in (bundled[:3000], b"no plugin at all\n", b"", bytes(other_machine), bundled):
        (folder / "acme.so").write_bytes(content)
        (folder / "acme.so").chmod(0o755)
        world.qwen("--provider", "acme", "-p", "hi").exits(3).prints_nothing().complains("acme.so")


@scenario
def a_key_for_azure_does_not_go_to_openai(world):
    with socket.create_server(("127.0.0.1", 0)) as trap:
        proxy = f"http://127.0.0.1:{trap.getsockname()[1]}"
        run = world.qwen("--provider", "azure", "-p", "hi", env={"AZURE_OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": world.url, "HTTPS_PROXY": proxy})
        run.exits(3).prints_nothing().complains("base", "azure").does_not_say("api.openai.com")
        trap.setblocking(False)
        try:
            trap.accept()
            require(False, "no connection to anybody")
        except BlockingIOError:
            pass
    require(not world.provider.requests(), "no request")


@scenario
def a_project_cannot_choose_the_proxy_or_the_certificates(world):
    with socket.create_server(("127.0.0.1", 0)) as trap:
        proxy = f"http://127.0.0.1:{trap.getsockname()[1]}"
        world.dotenv(HTTP_PROXY=proxy, http_proxy=proxy, ALL_PROXY=proxy, SSL_CERT_FILE="/nonexistent", LD_PRELOAD="/nonexistent.so", QWEN_HOME="/nonexistent")
        world.qwen("-p", "hi").exits(0)
        trap.setblocking(False)
        try:
            trap.accept()
            require(False, "no connection to the proxy a project names")
        except BlockingIOError:
            pass


@scenario
def a_key_on_the_command_line_is_wiped_at_once(world):
    process = world.start("--openai-api-key", world.key, "--openai-base-url", world.url, "-m", "slow-first-1500", "-p", "hi", stdin=subprocess.DEVNULL)
    world.wait_for(lambda: world.provider.control("stats")["chats"] == 1, "the request")
    with open(f"/proc/{process.pid}/cmdline", "rb") as file:
        visible = file.read()
    world.finish(process).exits(0)
    require(world.key.encode() not in visible, f"no key in the list of processes: {visible!r}")


@scenario
def a_bad_choice_is_a_usage_error(world):
    world.qwen("-o", "xml", "-p", "hi").exits(2).prints_nothing().complains("stream-json")
    world.qwen("--provider", "opnai", "-p", "hi").complains("openai").prints_nothing()
