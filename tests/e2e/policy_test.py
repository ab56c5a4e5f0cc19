"""What the operations team denies is denied, whatever a person, a project or a plugin says, and the rule is named."""

import os
import random
import subprocess

from governed import DENIED, Governed, OpenWitness
from harness import STORY, require, scenario

ONE_RULE = 'schema = 1\nmessage = "ask it@corp.example"\n[providers]\ndeny = ["openai_compat"]\n'


def opened_plugins(governed, action):
    witness = OpenWitness(governed.plugins)
    try:
        action()
        return {name for name in witness.opened() if name.endswith(".so")}
    finally:
        witness.close()


@scenario
def a_denied_plugin_is_never_opened_and_the_rule_is_named(world):
    it = Governed(world, ONE_RULE).move_to_own_prefix()
    environment = {"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": world.url}

    def attempts():
        for arguments in (["-p", "hi"], ["--provider", "openai_compat", "-p", "hi"], ["--provider", "openai", "-p", "hi"], ["models"]):
            it.qwen(*arguments, env=environment).exits(DENIED).complains(it.line(4), "ask it@corp.example")
        error = it.qwen("-o", "json", "-p", "hi", env=environment).exits(DENIED).json()["error"]
        require(error["code"] == "denied_by_policy" and error["where"]["line"] == 4, f"the rule in JSON, not {error}")
        it.qwen("--openai-api-key", world.key, "--openai-base-url", world.url, "-p", "hi").exits(DENIED).complains(it.line(4))

    opened = opened_plugins(it, attempts)
    require("openai_compat.so" not in opened, f"openai_compat.so closed, opened were {opened}")
    require(not world.provider.requests(), "no request")
    it.write("schema = 1\n")
    control = opened_plugins(it, lambda: it.qwen("-p", "hi", env=environment).exits(0))
    require("openai_compat.so" in control, f"the witness to see an opened plugin, not {control}")


@scenario
def a_denied_provider_is_not_even_resolved(world):
    it = Governed(world, 'schema = 1\n[origins]\nallow = ["https://api.corp.example"]\n')
    world.dotenv(OPENAI_BASE_URL="https://denied.invalid/v1")
    it.qwen("-p", "hi").exits(DENIED).prints_nothing().complains("https://denied.invalid", "https://api.corp.example", it.line(3))


@scenario
def nothing_stored_is_deleted(world):
    world.qwen("auth", "login", "openai", "--with-api-key", "--openai-base-url", world.url, stdin=world.key).exits(0)
    store = world.home / ".qwen" / "credentials.json"
    world.written.add(store.resolve())
    before = store.read_bytes()
    it = Governed(world, ONE_RULE)
    for arguments in (["-p", "hi"], ["auth", "logout", "openai"], ["auth", "refresh", "openai"], ["--provider", "openai", "models"]):
        it.qwen(*arguments).exits(DENIED).complains(it.line(4))
    it.qwen("auth", "status", "openai").exits(DENIED).prints_part("blocked")
    require(store.read_bytes() == before, "the stored key untouched")
    it.write("schema = 1\n")
    it.qwen("-p", "hi").exits(0)


@scenario
def a_denied_preset_takes_its_server_with_it(world):
    it = Governed(world, 'schema = 1\n[providers]\ndeny = ["openrouter"]\n')
    key = {"OPENAI_API_KEY": world.key}
    it.qwen("--provider", "openrouter", "-p", "hi", env=key).exits(DENIED).complains(it.line(3))
    it.qwen("--openai-base-url", "https://openrouter.ai/api/v1", "-p", "hi", env=key).exits(DENIED).complains(it.line(3))
    it.qwen("-p", "hi", env={**key, "OPENAI_BASE_URL": world.url}).exits(0)


@scenario
def models_methods_and_settings_are_limited(world):
    environment = {"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": world.url}
    it = Governed(world)
    for rule, arguments, extra in (
        ('[models]\nallow = ["gpt-4o-mini", "corp-*"]', ["-m", "gpt-5"], {}),
        ('[methods]\ndeny = ["api_key"]', [], {}),
        ('[methods]\nallow = ["device_code"]', [], {}),
        ('[credentials]\nallow_argv_key = false', ["--openai-api-key", world.key], {}),
        ('[credentials]\nstore = "none"', [], {}),
        ('[network]\ntls_min = "1.3"', [], {}),
        ('[network]\nca_file = "/etc/corp/ca.pem"', [], {"SSL_CERT_FILE": "/nonexistent/mine.pem"}),
        ('[network]\nproxy = "http://proxy.corp.example:3128"', [], {}),
        ('[plugins]\nrequire = "pin"\n[[plugin]]\nid = "openai_compat"\nsha256 = ["' + "0" * 64 + '"]', [], {}),
        ('[plugins]\ndirectories = ["/usr/lib/corp"]', [], {}),
    ):
        it.write(f"schema = 1\n{rule}\n")
        it.qwen(*arguments, "-p", "hi", env={**environment, **extra}).exits(DENIED).prints_nothing().complains(str(it.directory / "policy.toml:"))
    require(not world.provider.requests(), "no request")
    it.write('schema = 1\n[models]\nallow = ["corp-*"]\n[credentials]\nstore = "none"\nallow_argv_key = false\n')
    it.qwen("-m", "corp-1", "--storage", "none", "-p", "hi", env=environment).exits(0)


@scenario
def the_project_file_can_be_switched_off(world):
    it = Governed(world, "schema = 1\n[dotenv]\nproject = false\n")
    world.dotenv()
    it.qwen("-p", "hi").exits(DENIED).prints_nothing().complains(it.line(3), ".env:1")
    (world.work / ".env").unlink()
    world.write(world.in_home(".qwen/.env"), f"OPENAI_API_KEY={world.key}\nOPENAI_BASE_URL={world.url}\n")
    it.qwen("-p", "hi").exits(0)


@scenario
def an_unusable_policy_stops_everything_but_help(world):
    environment = {"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": world.url}
    it = Governed(world).move_to_own_prefix()

    def refuses(what):
        opened = opened_plugins(it, lambda: it.qwen("-p", "hi", env=environment).exits(DENIED).prints_nothing().complains("policy", what))
        require(not opened, f"no plugin to be opened, not {opened}")
        for arguments in (["auth", "status"], ["auth", "list"], ["models"], ["config", "explain"], ["policy", "show"], ["policy", "test", "--model", "x"]):
            it.qwen(*arguments, env=environment).exits(DENIED)
        for arguments in (["--version"], ["version"], ["--help"], ["help"], ["help", "exit-codes"], ["policy", "lint", "--help"]):
            it.qwen(*arguments, env=environment).exits(0).says_nothing()

    for text, place in (("schema = 1\n[providers\n", ":2:"), ("schema = 1\n[providers]\ndenny = []\n", ":3:"), ("schema = 2\n", ":1:"), ("[providers]\n", ":1:"),
                        ('schema = 1\n[providers]\ndeny = "x"\n', ":3:"), ("schema = 1\nschema = 1\n", ":2:"), ('schema = 1\n[origins]\nallow = ["*"]\n', ":3:")):
        path = it.write(text)
        refuses(f"{path}{place}")
        it.qwen("policy", "lint", path).exits(DENIED).complains(f"{path}{place}")
    refused = it.write("schema = 1\n", mode=0o666)
    refuses("others may write")
    refused.unlink()
    refused.symlink_to("/dev/null")
    refuses(str(refused))
    refused.unlink()
    os.mkfifo(refused)
    refuses(str(refused))
    refused.unlink()
    it.write("schema = 1\n")
    it.directory.chmod(0o777)
    refuses("others may write")
    it.directory.chmod(0o755)
    it.write("nonsense = 1\nschema = 1\n", name="policy.d/50-extra.toml")
    refuses("50-extra.toml:1")
    require(not world.provider.requests(), "no request")


@scenario
def several_files_are_one_policy_in_which_deny_wins(world):
    it = Governed(world, 'schema = 1\n[providers]\nallow = ["openai_compat"]\n')
    it.write('schema = 1\n[providers]\ndeny = ["openai_compat"]\n', name="policy.d/10-deny.toml")
    it.write('schema = 1\n[models]\nallow = ["a", "b"]\n', name="policy.d/20-models.toml")
    it.write('schema = 1\n[models]\nallow = ["b", "c"]\n', name="policy.d/30-models.toml")
    it.qwen("policy", "test", "--provider", "openai_compat").exits(DENIED).complains(it.line(3, "policy.d/10-deny.toml"))
    for model, code in (("a", DENIED), ("b", 0), ("c", DENIED)):
        it.qwen("policy", "test", "--model", model).exits(code)


@scenario
def policy_commands_show_and_prove_the_rules(world):
    it = Governed(world, 'schema = 1\n[providers]\ndeny = ["openrouter"]\n[origins]\nallow = ["https://*.corp.example"]\n[methods]\ndeny = ["device_code"]\n')
    it.qwen("policy", "show").exits(0).prints_part("providers.deny", "openrouter", it.line(3), "https://*.corp.example")
    shown = it.qwen("policy", "show", "--json").exits(0).json()
    require(len(shown["rules"]) == 3 and it.line(3) in str(shown["rules"]), f"three rules with places, not {shown}")
    for arguments, code in ((["--provider", "openrouter"], DENIED), (["--provider", "openai"], 0), (["--origin", "https://ai.corp.example"], 0),
                            (["--origin", "https://ai.corp.example:444"], DENIED), (["--origin", "https://corp.example"], DENIED),
                            (["--method", "device-code"], DENIED), (["--method", "api_key"], 0), ([], 2), (["--provider", "nobody"], 3)):
        it.qwen("policy", "test", *arguments).exits(code)
    refused = it.qwen("policy", "test", "--provider", "openrouter", "--json").exits(DENIED).json()
    require(refused["error"]["code"] == "denied_by_policy" and refused["error"]["where"]["line"] == 3, f"the rule in JSON, not {refused}")
    it.qwen("policy", "lint", it.directory / "policy.toml").exits(0).prints_part("3 rules")
    world.qwen("policy", "show").exits(0).prints_part("there is no policy")


@scenario
def the_shipped_program_reads_the_policy_of_etc_alone(world):
    shipped = world.program.resolve().read_bytes()
    require(b"/etc/qwen/policy.toml" in shipped, "the place of the policy in the program")
    require(b"QWEN_TEST_POLICY" not in shipped, "no way to move it in the program")
    Governed(world, ONE_RULE)
    directory = str(world.root / "etc")
    tries = {name: directory for name in ("QWEN_TEST_POLICY_DIRECTORY", "QWEN_POLICY", "QWEN_POLICY_FILE", "QWEN_SYSTEM_CONFIG", "QWEN_ETC", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME")}
    run = world.qwen("policy", "show", "--json", env=tries).exits(0).json()
    require(not [name for name in run["files"] if name.startswith(directory)], f"nothing read below {directory}, not {run}")


@scenario
def no_policy_costs_no_more_than_two_looks(world):
    found = subprocess.run(["readelf", "-d", world.program.resolve()], capture_output=True, text=True, check=True).stdout
    require("toml" not in found, "no TOML library to be mapped where there is no policy")


@scenario
def three_hundred_random_users_cannot_bring_it_back(world):
    it, dice = Governed(world, ONE_RULE).move_to_own_prefix(), random.Random(20260423)
    variables = {"OPENAI_API_KEY": world.key, "OPENROUTER_API_KEY": world.key, "OPENAI_BASE_URL": world.url, "QWEN_PROVIDER": "openai", "QWEN_HOME": str(world.temporary),
                 "QWEN_POLICY": "/dev/null", "QWEN_PLUGIN_PATH": str(it.plugins), "QWEN_TRUST_ORIGINS": world.provider.base_url, "HOME": str(world.temporary),
                 "LD_LIBRARY_PATH": str(it.plugins), "XDG_CONFIG_DIRS": str(world.root), "SUDO_UID": "0"}
    flags = [["--provider", "openai_compat"], ["--provider", "openrouter"], ["--openai-base-url", world.url], ["--openai-api-key", world.key], ["--no-plugins"], ["--no-store"],
             ["--home", world.temporary], ["--auth-source", "file"], ["--debug"]]
    some = lambda choices, chance: [choice for choice in choices if dice.random() < chance]
    outcomes = {}

    def attempts():
        for _ in range(300):
            (world.work / ".env").unlink(missing_ok=True)
            if dice.random() < 0.6:
                world.write(".env", "".join(f"{name}={variables[name]}\n" for name in some(variables, 0.5)))
            arguments = [word for flag in some(flags, 0.25) for word in flag]
            run = it.qwen(*arguments, "-p", "hi", env={name: variables[name] for name in some(variables, 0.4)})
            outcomes[run.code] = outcomes.get(run.code, 0) + 1

    opened = opened_plugins(it, attempts)
    escapes = outcomes.get(0, 0) + len(world.provider.requests()) + ("openai_compat.so" in opened)
    print(f"figure  policy combinations through the program: 300, denied: {outcomes.get(DENIED)}, escapes: {escapes}")
    require(escapes == 0, f"no escape, not {outcomes}, {opened}")
    require(outcomes.get(DENIED, 0) > 150, f"most of them to be told of the rule, not {outcomes}")


@scenario
def every_plugin_runs_in_a_process_of_its_own_where_the_team_wants_it(world):
    it = Governed(world, 'schema = 1\n[plugins]\nisolation_min = "process"\n')
    world.dotenv()
    it.qwen("-p", "hi").exits(0).prints(STORY)
    plugins = it.qwen("--json", "plugin", "list").exits(0).json()["plugins"]
    require({plugin["isolation"] for plugin in plugins} == {"isolated child"}, f"every plugin to be isolated, not {[plugin['isolation'] for plugin in plugins]}")
