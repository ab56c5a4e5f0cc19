"""`qwen doctor` finds what is wrong, says what to do, and shows no secret."""

import json
import os

from governed import DENIED, Governed
from harness import require, scenario


def verdicts(run):
    return {(row["subject"], row["verdict"]) for row in run.json()["findings"]}


@scenario
def everything_in_order_is_exit_0(world):
    world.dotenv()
    run = world.qwen("doctor").exits(0)
    run.prints_part("policy", "configuration", ".env", "plugins", "network", "provider", "credential", "origin", "terminal", "0 problems")
    require(not world.provider.requests(), "nothing sent without --online")
    run = world.qwen("doctor", "--online", "--json").exits(0)
    require(("server", "ok") in verdicts(run), f"the server to accept the key\n{run}")


@scenario
def the_exit_status_is_that_of_the_worst(world):
    world.qwen("doctor").exits(4).prints_part("not signed in")
    world.dotenv(OPENAI_API_KEY=world.secret("sk"))
    run = world.qwen("doctor", "--online", "--json").exits(4)
    require(("server", "refused") in verdicts(run), f"a refused key\n{run}")
    world.dotenv(OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    run = world.qwen("doctor", "--online", "--json").exits(5)
    require(("server", "unreachable") in verdicts(run), f"an unreachable server\n{run}")
    world.dotenv(OPENAI_API_KEY=None)
    run = world.qwen("doctor", "--json", env={"OPENAI_API_KEY": world.key}).exits(3)
    require(("origin", "refused") in verdicts(run), f"a refused origin\n{run}")
    world.dotenv()
    it = Governed(world, 'schema = 1\n[providers]\ndeny = ["openai_compat"]\n')
    run = it.qwen("doctor", "--json").exits(DENIED)
    require(("provider", "blocked") in verdicts(run), f"a blocked provider\n{run}")
    it.write("schema = 1\nnonsense = 1\n")
    it.qwen("doctor").exits(DENIED).prints_part("blocked", it.line(2))


@scenario
def what_is_only_untidy_is_a_warning(world):
    world.dotenv()
    store = world.write(world.in_home(".qwen/credentials.json"), '{"version":1,"secrets":{}}', mode=0o644)
    run = world.qwen("doctor", "--no-store").exits(0)
    run.prints_part("warning", f"chmod 600 {store.resolve()}")
    world.write(".env", f"OPENAI_API_KEY={world.key}\nOPENAI_BASE_URL={world.url}\nHTTPS_PROXY=http://evil.example\n")
    world.qwen("doctor", "--no-store").exits(0).prints_part("HTTPS_PROXY does not count")


@scenario
def a_bundle_holds_everything_but_secrets(world):
    token = world.secret("header")
    world.dotenv()
    world.write(world.in_home(".qwen/config.toml"), f'[providers.openai_compat]\nheaders = ["X-Team: {token}"]\n')
    password = world.secret("pw")
    proxy = f"http://user:{password}@127.0.0.1:9"
    bundle = world.work / "bundle.json"
    world.qwen("doctor", "--bundle", bundle, env={"OPENAI_API_KEY": world.secret("sk"), "OPENAI_BASE_URL": world.url, "HTTPS_PROXY": proxy}).exits(0)
    world.qwen("config", "explain", env={"HTTPS_PROXY": proxy}).exits(0)
    content = json.loads(bundle.read_text())
    require(os.stat(bundle).st_mode & 0o777 == 0o600, "the bundle to be the user's alone")
    require(content["version"] and content["findings"] and content["configuration"], "version, findings and configuration")
