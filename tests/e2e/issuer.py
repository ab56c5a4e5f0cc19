"""Who issues sign-ins in a scenario, behind one small class, so that the same scenario runs against another server.

`LoopbackIssuer` is tests/loopback_provider; it issues tokens and answers prompts. Another server gives the same members: what config.toml has to name, a
person who decides, an end to what was issued, and a count of what it was asked.
"""

import json
import os
import time

from harness import STORY, Failure, require

CREDENTIALS = ".qwen/oauth_creds.json"
KEYS_AFTER_LOGIN = ["access_token", "refresh_token", "token_type", "resource_url", "expiry_date"]
KEYS_AFTER_RENEWAL = ["access_token", "token_type", "refresh_token", "resource_url", "expiry_date"]


class LoopbackIssuer:
    def __init__(self, world, *arguments):
        self.world = world
        self.provider = world.start_provider("--approve-after", -1, *arguments)

    def settings(self):
        """[providers.qwen_oauth] of config.toml."""
        base = f"{self.provider.base_url}/api/v1/oauth2"
        return {"device_authorization_endpoint": f"{base}/device/code", "token_endpoint": f"{base}/token", "revocation_endpoint": f"{base}/revoke"}

    # The person

    def approve(self, device_code_event):
        self.provider.control("approve")

    def deny(self, device_code_event):
        self.provider.control("deny")

    # The server's own will

    def forget_access_tokens(self):
        """The API refuses them from now on, whatever their expiry says."""
        self.provider.control("expire")

    def end_sign_ins(self):
        """Refresh tokens die as well."""
        self.provider.control("revoke")

    def trouble(self, word, times=1):
        """The next token calls go wrong (tests/loopback_provider/token_trouble.hpp)."""
        self.provider.control(f"trouble/{word}/{times}")

    # What it was asked

    def token_calls(self):
        return self.provider.control("stats")["token_calls"]

    def refresh_replays(self):
        """Uses of a refresh token after its first."""
        return self.provider.control("stats")["refresh_replays"]

    def revocations(self):
        return len(self._asked("/revoke"))

    def sign_ins_begun(self):
        return len(self._asked("/device/code"))

    def polls_ms(self):
        """When the token endpoint was asked for a device code, on the server's clock."""
        return [request["at_ms"] for request in self._asked("/token") if "device_code" in request["body"]]

    def answers_asked(self):
        return len(self._asked("/chat/completions"))

    def _asked(self, path):
        return [request for request in self.provider.requests() if request["target"].split("?")[0].endswith(path)]


def configure(world, issuer, **more):
    """~/.qwen/config.toml that names the issuer's endpoints."""
    settings = {**issuer.settings(), **more}
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    world.write(world.in_home(".qwen/config.toml"), f"[providers.qwen_oauth]\n{lines}")
    (world.home / ".qwen").chmod(0o700)


def begin_login(world, *arguments, **options):
    """Starts `qwen auth login` and returns it with its first event."""
    process = world.start("auth", "login", "--json", *arguments, **options)
    line = process.stdout.readline()
    if not line:
        raise Failure(f"  no event; stderr: {process.stderr.read().decode()!r}, exit code {process.wait()}")
    event = json.loads(line)
    if event.get("event") != "device_code":
        raise Failure(f"  a login that begins with {event}; stderr: {process.stderr.read().decode()!r}, exit code {process.wait()}")
    return process, event


def sign_in(world, issuer, *arguments):
    """A whole login, approved by the person; its run has the last event on stdout."""
    process, event = begin_login(world, *arguments)
    issuer.approve(event)
    run = world.finish(process)
    if run.code == 0:
        remember_tokens(world)
    return run


def credentials(world):
    return json.loads((world.home / CREDENTIALS).read_text())


def remember_tokens(world):
    """From now on the stored tokens are secrets that may stand in the credential file and nowhere else."""
    path = world.home / CREDENTIALS
    stored = credentials(world)
    for name in ("access_token", "refresh_token"):
        if name in stored:
            world.secrets[stored[name]] = name
    world.written.update({path.resolve(), path.with_name(path.name + ".revoked").resolve()})
    return stored


def write_credentials(world, stored, mode=0o600):
    """As Qwen Code writes the file: two spaces, no newline at the end."""
    world.write(world.in_home(CREDENTIALS), json.dumps(stored, indent=2), mode)
    return remember_tokens(world)


def expire_here(world, seconds_ago=1):
    """The stored sign-in says that it has expired; the server knows nothing of it."""
    path = world.home / CREDENTIALS
    stored = {**credentials(world), "expiry_date": int((time.time() - seconds_ago) * 1000)}
    path.write_text(json.dumps(stored, indent=2))


def mode_of(path):
    return os.stat(path).st_mode & 0o777


def whole_flow(world, issuer):
    """Login, answer, forced expiry, silent renewal, status, logout."""
    configure(world, issuer)
    process, event = begin_login(world)
    require(event["user_code"] and event["expires_in"] > 0, f"a code that lasts, not {event}")
    link = event.get("verification_uri_complete", event["verification_uri"])
    issuer.approve(event)
    login = world.finish(process).exits(0)
    remember_tokens(world)
    done = json.loads(login.out.splitlines()[-1])
    require(done["event"] == "signed_in" and done["ok"] and done["provider"] == "qwen_oauth", f"the end as the last event, not {done}")
    login.complains(event["user_code"], "Approve only if you started this yourself")
    require(any(line.strip() == link for line in login.err.splitlines()), "the link unbroken on a line of its own")
    require(mode_of(world.home / CREDENTIALS) == 0o600 and mode_of(world.home / ".qwen") == 0o700, "a file and a directory for their owner only")
    require(list(credentials(world)) == [key for key in KEYS_AFTER_LOGIN if key in credentials(world)], "the keys in Qwen Code's order")

    calls = issuer.token_calls()
    world.qwen("-p", "hi").exits(0).prints(STORY)
    require(issuer.token_calls() == calls, "no token call while the sign-in is fresh")

    before = credentials(world)
    expire_here(world)
    world.qwen("auth", "status").exits(0).prints_part("qwen_oauth", "expires", "renews itself")
    world.qwen("-p", "hi").exits(0).prints(STORY).says_nothing()
    require(issuer.token_calls() == calls + 1, "one token call for one expiry")
    after = remember_tokens(world)
    require(after["access_token"] != before["access_token"] and after["expiry_date"] > time.time() * 1000, "a new sign-in in the file")
    require(list(after) == [key for key in KEYS_AFTER_RENEWAL if key in after], "the keys in Qwen Code's order")

    world.qwen("auth", "status", "--check").exits(0).prints_part("qwen_oauth", "ok", "renews itself", "of 60 requests a minute used", "of 2000 requests a day used")
    world.qwen("auth", "list").exits(0).prints_part("qwen_oauth", "sign-in")
    world.qwen("auth", "logout").exits(0).prints_part("signed out: qwen_oauth", CREDENTIALS).complains("revoked")
    require(not (world.home / CREDENTIALS).exists(), "no credential file after the logout")
    require(issuer.revocations() == 1, "one revocation")
    calls = issuer.token_calls()
    world.qwen("-p", "hi").exits(4).prints_nothing().complains("not signed in", "qwen auth login --no-browser")
    require(issuer.token_calls() == calls and issuer.sign_ins_begun() == 1, "no sign-in that nobody asked for")
    require(issuer.refresh_replays() == 0, "every refresh token used once")
