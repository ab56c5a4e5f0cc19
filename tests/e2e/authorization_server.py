"""tests/authorization_server as the issuer of a scenario: the same members as `LoopbackIssuer`, and a person with a real browser."""

import json
import shutil
import subprocess

from harness import Failure, Provider, Skipped
from issuer import LoopbackIssuer

CHROMIUM = shutil.which("chromium")  # None where there is none
CANNOT_RUN = 77  # exit code of tests/authorization_server/run, with the reason on stdout


def program(world, name):
    return [str(world.source / "tests/authorization_server/run"), str(world.build), name]


class AuthorizationServer(Provider):
    """It ends with its standard input, so that nothing is left behind even when the scenario is killed."""

    def __init__(self, world, arguments):
        self.process = subprocess.Popen([*program(world, "main.mjs"), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("{"):
            code = self.process.wait()
            raise (Skipped(line.strip().removeprefix("skipped: ")) if code == CANNOT_RUN else Failure(f"  the authorization server ended with {code}"))
        ready = json.loads(line)
        self.port = ready["port"]
        self.base_url = ready["base_url"]
        self.url = self.base_url + "/v1"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class OidcIssuer(LoopbackIssuer):
    """The person decides by a control call."""

    def __init__(self, world, *arguments):
        self.world = world
        self.provider = AuthorizationServer(world, arguments)
        world.providers.append(self.provider)


class BrowserIssuer(OidcIssuer):
    """The person decides in Chromium; `pages` are the headings of what was seen there."""

    pages = None

    def approve(self, device_code_event):
        self._decide(device_code_event)

    def deny(self, device_code_event):
        self._decide(device_code_event, "--deny")

    def _decide(self, event, *options):
        command = [*program(self.world, "approve_in_browser.mjs"), event["verification_uri_complete"], "--chromium", CHROMIUM, *options]
        run = subprocess.run(command, capture_output=True, text=True, timeout=110)
        if run.returncode != 0:
            raise Failure(f"  the browser failed: {run.stderr.strip()}")
        seen = json.loads(run.stdout)
        if seen["code"] != event["user_code"]:
            raise Failure(f"  the page shows the code {seen['code']}, the program {event['user_code']}")
        self.pages = seen["headings"]
