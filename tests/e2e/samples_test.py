"""The samples of the SDK, built from the installed SDK outside the tree and used with the real program."""

import hashlib
import hmac
import json
import pathlib
import platform

from harness import STORY, Skipped, require, scenario
from issuer import begin_login
from typist import at_terminal
from workshop import Workshop


# Not whatever comes first on PATH: a rustup of the user's has no toolchain in an empty home.
RUSTC = pathlib.Path("/usr/bin/rustc")


def configure(world, name, **settings):
    lines = "".join(f'{key} = "{value}"\n' for key, value in settings.items())
    world.write(world.in_home(".qwen/config.toml"), f"[providers.{name}]\n{lines}")
    (world.home / ".qwen").chmod(0o700)


@scenario
def a_key_sent_by_a_provider_in_c(world):
    Workshop(world).build_sample("api_key_c")
    use_a_key(world, "api_key_c")


@scenario
def a_key_sent_by_a_provider_in_cpp(world):
    Workshop(world).build_sample("api_key_cpp")
    use_a_key(world, "api_key_cpp")


@scenario
def a_key_sent_by_a_provider_in_rust(world):
    if not RUSTC.exists():
        raise Skipped("there is no rustc of the system (scripts/install-packages rust: 55 MB to download, 275 MB on disk)")
    Workshop(world).build_sample("api_key_rust", f"-DQWEN_RUSTC={RUSTC}")
    use_a_key(world, "api_key_rust")


def use_a_key(world, name):
    configure(world, name, base_url=world.url)
    ask = ["--provider", name, "-p", "hi"]
    world.qwen(*ask).exits(4).prints_nothing().complains(name)
    world.qwen(*ask, env={f"{name.upper()}_API_KEY": world.key}).exits(0).prints(STORY).says_nothing()
    world.qwen("auth", "login", name, "--with-api-key", stdin=world.key + "\n").exits(0).complains("signed in")
    world.written.add((world.home / ".qwen/credentials.json").resolve())
    world.qwen(*ask).exits(0).prints(STORY).says_nothing()
    other = world.secret("refused")
    world.qwen(*ask, env={f"{name.upper()}_API_KEY": other}).exits(4).prints_nothing()
    world.qwen(*ask, env={f"{name.upper()}_API_KEY": "schlüssel"}).exits(3).prints_nothing().complains("the API key cannot be sent", "api_key")
    world.qwen("auth", "logout", name).exits(0).does_not_say("could not be revoked")
    world.qwen(*ask).exits(4)
    at_terminal(world, "auth", "login", name, answers=[("API key", world.key + "\n")]).exits(0).complains("Signed in")
    world.qwen(*ask).exits(0).prints(STORY)


@scenario
def a_browser_sign_in_of_a_provider_in_c(world):
    Workshop(world).build_sample("device_code_c")
    sign_in_with_a_browser(world, "device_code_c")


@scenario
def a_browser_sign_in_of_a_provider_in_cpp(world):
    Workshop(world).build_sample("device_code_cpp")
    sign_in_with_a_browser(world, "device_code_cpp")


@scenario
def a_plugin_built_for_version_1_0_long_ago(world):
    if platform.machine() != "x86_64":
        raise Skipped("the golden plugin is for x86-64")
    Workshop(world).install(pathlib.Path(__file__).resolve().parent.parent / "contract" / "golden" / "golden_v1_0.so")
    sign_in_with_a_browser(world, "golden_v1_0")


@scenario
def a_browser_sign_in_of_a_provider_in_rust(world):
    if not RUSTC.exists():
        raise Skipped("there is no rustc of the system (scripts/install-packages rust)")
    Workshop(world).build_sample("device_code_rust", f"-DQWEN_RUSTC={RUSTC}")
    sign_in_with_a_browser(world, "device_code_rust")


def sign_in_with_a_browser(world, name):
    issuer = world.start_provider("--approve-after", -1)
    base = f"{issuer.base_url}/api/v1/oauth2"
    configure(world, name, base_url=issuer.url, device_authorization_endpoint=f"{base}/device/code", token_endpoint=f"{base}/token")
    ask = ["--provider", name, "-p", "hi"]
    world.qwen(*ask).exits(4)

    process, event = begin_login(world, name)
    require(event["verification_uri"].startswith(issuer.base_url) and event["user_code"], f"an address and a code, not {event}")
    issuer.control("approve")
    require(world.finish(process).exits(0).json()["ok"], "to be signed in")
    world.written.add((world.home / ".qwen/credentials.json").resolve())
    world.qwen(*ask).exits(0).prints(STORY).says_nothing()

    issuer.control("expire")
    world.qwen(*ask).exits(0).prints(STORY)
    world.qwen("auth", "refresh", name).exits(0)
    require(issuer.control("stats")["refresh_replays"] == 0, "each refresh token used once")
    issuer.control("revoke")
    world.qwen(*ask).exits(4).prints_nothing()

    process, _ = begin_login(world, name)
    issuer.control("deny")
    world.finish(process).exits(4).complains("refused in the browser")


@scenario
def a_token_printed_by_a_command(world):
    Workshop(world).build_sample("command_c")
    ask = ["--provider", "command_c", "-p", "hi"]
    answer = world.home / "answer.json"
    world.written.add(answer.resolve())

    def prints(**values):
        answer.write_text(json.dumps(values))

    command = world.write(world.in_home("print-token"), f'#!/bin/sh\necho run >> "{world.home}/runs"\ncat "{answer}"\n', 0o700)
    configure(world, "command_c", base_url=world.url)
    world.qwen(*ask).exits(3).prints_nothing().complains("no command is set", "token_command")
    configure(world, "command_c", base_url=world.url, token_command=command)
    prints(token=world.key, expiration="2099-12-31T23:59:59Z")
    world.qwen(*ask).exits(0).prints(STORY).says_nothing()
    require((world.home / "runs").read_text() == "run\n", "the command run once")
    prints(token=world.key)
    world.qwen(*ask).exits(0).prints(STORY)

    prints(token=world.key, expiration="2020-02-29T12:00:00Z")
    world.qwen(*ask).exits(3).prints_nothing().complains("expiration")
    prints(token=world.key, expiration="tomorrow")
    world.qwen(*ask).exits(3).complains("expiration")
    prints(key=world.key)
    world.qwen(*ask).exits(3).complains('no JSON object with a "token"')
    prints(token=world.secret("refused"))
    world.qwen(*ask).exits(4).prints_nothing()
    command.write_text("#!/bin/sh\nexit 3\n")
    world.qwen(*ask).complains("print-token", "exit status 3").prints_nothing()
    world.qwen("auth", "login", "command_c").exits(2).complains("nothing to sign in to")
    # A project cannot choose where the token goes.
    command.write_text(f'#!/bin/sh\ncat "{answer}"\n')
    prints(token=world.key)
    other = world.start_provider("--accept-anyone")
    world.write(".env", f"COMMAND_C_BASE_URL={other.url}\n")
    world.qwen(*ask)
    require(other.requests() == [], "nothing sent to the project's server")


def signature_v4(request, body, key, secret):
    """AWS Signature Version 4 of what the server received, by the book and independent of the sample."""
    headers, time = request["headers"], request["headers"]["x-amz-date"]
    names = ["content-type", "host", "x-amz-date"]
    canonical = "\n".join([request["method"], request["target"].split("?")[0], "", *(f"{name}:{headers[name]}" for name in names), "", ";".join(names),
                           hashlib.sha256(body.encode()).hexdigest()])
    scope = f"{time[:8]}/us-east-1/service/aws4_request"
    signing_key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    to_sign = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(signing_key, to_sign.encode(), "sha256").hexdigest()
    return f"Credential={key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"


@scenario
def requests_signed_by_a_provider_in_c(world):
    Workshop(world).build_sample("signing_c")
    sign_requests(world, "signing_c")


@scenario
def requests_signed_by_a_provider_in_cpp(world):
    Workshop(world).build_sample("signing_cpp")
    sign_requests(world, "signing_cpp")


@scenario
def requests_signed_by_a_provider_in_rust(world):
    if not RUSTC.exists():
        raise Skipped("there is no rustc of the system (scripts/install-packages rust)")
    Workshop(world).build_sample("signing_rust", f"-DQWEN_RUSTC={RUSTC}")
    sign_requests(world, "signing_rust")


def sign_requests(world, name):
    server = world.start_provider("--accept-anyone")
    configure(world, name, base_url=server.url, access_key_id="AKIDEXAMPLE")
    secret = world.secret("signing")
    ask = ["--provider", name, "-p", "hi"]
    world.qwen(*ask).exits(4).prints_nothing()
    world.qwen(*ask, env={f"{name.upper()}_SECRET_ACCESS_KEY": secret}).exits(0).prints(STORY).says_nothing()
    request = server.requests()[-1]
    wanted = signature_v4(request, request["body"], "AKIDEXAMPLE", secret)
    # The server keeps a fingerprint of what stands in that header.
    fingerprint = "sha256:" + hashlib.sha256(wanted.encode()).hexdigest()[:16]
    require(request["headers"]["authorization"] == f"AWS4-HMAC-SHA256 {fingerprint}", f"the signature {wanted}, not {request['headers']}")
    configure(world, name, base_url=server.url)
    world.qwen(*ask, env={f"{name.upper()}_SECRET_ACCESS_KEY": secret}).exits(3).complains("access_key_id")


@scenario
def a_token_that_a_provider_keeps_by_itself_goes_to_no_server_that_a_project_names(world):
    workshop = Workshop(world)
    project = workshop.sample("device_code_cpp")
    # A provider whose author forgot both: that it is a sign-in, and that only the user may say where it goes.
    manifest = project / "plugin.toml"
    manifest.write_text(manifest.read_text().replace('kind = "device-code"', 'kind = "none"').replace('help = "where requests go"\nsources = "trusted"', 'help = "where requests go"'))
    workshop.install(workshop.build(project))
    issuer = world.start_provider()
    base = f"{issuer.base_url}/api/v1/oauth2"
    configure(world, "device_code_cpp", base_url=issuer.url, device_authorization_endpoint=f"{base}/device/code", token_endpoint=f"{base}/token")
    world.qwen("auth", "login", "device_code_cpp").exits(0)
    world.written.add((world.home / ".qwen/credentials.json").resolve())
    ask = ["--provider", "device_code_cpp", "-p", "hi"]
    world.qwen(*ask).exits(0).prints(STORY)
    other = world.start_provider("--accept-anyone")
    world.write(".env", f"DEVICE_CODE_CPP_BASE_URL={other.url}\n")
    world.qwen(*ask).exits(3).prints_nothing().complains(".env")
    require(other.requests() == [], "nothing sent to the project's server")
