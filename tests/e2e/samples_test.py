"""The samples of the SDK, built from the installed SDK outside the tree and used with the real program."""

from harness import STORY, require, scenario
from issuer import begin_login
from typist import at_terminal
from workshop import Workshop


def configure(world, name, **settings):
    lines = "".join(f'{key} = "{value}"\n' for key, value in settings.items())
    world.write(world.in_home(".qwen/config.toml"), f"[providers.{name}]\n{lines}")
    (world.home / ".qwen").chmod(0o700)


@scenario
def a_key_sent_by_a_provider_in_c(world):
    Workshop(world).build_sample("api_key_c")
    use_a_key(world, "api_key_c")


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
    world.qwen("auth", "logout", name).exits(0).does_not_say("could not be revoked")
    world.qwen(*ask).exits(4)
    at_terminal(world, "auth", "login", name, answers=[("API key", world.key + "\n")]).exits(0).complains("Signed in")
    world.qwen(*ask).exits(0).prints(STORY)


@scenario
def a_browser_sign_in_of_a_provider_in_cpp(world):
    Workshop(world).build_sample("device_code_cpp")
    issuer = world.start_provider("--approve-after", -1)
    base = f"{issuer.base_url}/api/v1/oauth2"
    configure(world, "device_code_cpp", base_url=issuer.url, device_authorization_endpoint=f"{base}/device/code", token_endpoint=f"{base}/token")
    ask = ["--provider", "device_code_cpp", "-p", "hi"]
    world.qwen(*ask).exits(4)

    process, event = begin_login(world, "device_code_cpp")
    require(event["verification_uri"].startswith(issuer.base_url) and event["user_code"], f"an address and a code, not {event}")
    issuer.control("approve")
    require(world.finish(process).exits(0).json()["ok"], "to be signed in")
    world.written.add((world.home / ".qwen/credentials.json").resolve())
    world.qwen(*ask).exits(0).prints(STORY).says_nothing()

    issuer.control("expire")
    world.qwen(*ask).exits(0).prints(STORY)
    world.qwen("auth", "refresh", "device_code_cpp").exits(0)
    require(issuer.control("stats")["refresh_replays"] == 0, "each refresh token used once")
    issuer.control("revoke")
    world.qwen(*ask).exits(4).prints_nothing()

    process, _ = begin_login(world, "device_code_cpp")
    issuer.control("deny")
    world.finish(process).exits(4).complains("refused in the browser")
