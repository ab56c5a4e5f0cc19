"""`qwen plugin`: looking at plugins, checking and installing them, without running a byte of their code."""

import re
import shutil
import struct

from harness import STORY, require, scenario


def built(world, name):
    """A plugin that was built beside the program, as its author would hand it over."""
    return world.build / "tests" / "plugins" / f"{name}.so"


def plugin_folder(world):
    folder = world.home / ".qwen" / "plugins"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    folder.parent.chmod(0o700)
    folder.chmod(0o700)
    return folder


def put(world, name, content=None, mode=0o600):
    path = plugin_folder(world) / f"{name}.so"
    path.write_bytes(content if content is not None else built(world, name).read_bytes())
    path.chmod(mode)
    return path


def row(document, name):
    return next(plugin for plugin in document["plugins"] if plugin["id"] == name)


@scenario
def list_shows_every_plugin_with_the_decision(world):
    put(world, "well_behaved")
    put(world, "broken", b"no plugin at all")
    text = world.qwen("plugin", "list").exits(0)
    text.prints_part("openai_compat", "bundled", "in-process", "well_behaved", "user", "isolated child", "usable", "broken")
    document = world.qwen("plugin", "list", "--json").exits(0).json()
    bundled, user, broken = row(document, "openai_compat"), row(document, "well_behaved"), row(document, "broken")
    require(bundled["place"] == "bundled" and bundled["isolation"] == "in-process" and bundled["decision"]["usable"], f"the bundled plugin, not {bundled}")
    require(user["decision"]["rule"].startswith("default:") and user["origins"] == ["https://api.example.com"], f"rule and origins, not {user}")
    require(user["mode"] == "0600" and len(user["sha256"]) == 64 and user["abi"] == {"min": "1.0", "built": "1.0"}, f"the facts, not {user}")
    require(user["exported"] == ["qwen_provider_entry_v1"] and user["settings"][0]["secret"] is True, f"symbols and settings, not {user}")
    require(not broken["decision"]["usable"] and broken["isolation"] is None and broken["decision"]["error"]["code"] == "plugin_refused", f"the refusal, not {broken}")
    text.prints_part("isolated child: own process, own session", "no new privileges", "seccomp")
    applied = document["isolation"]
    require(applied["available"] and applied["complete"] and applied["seccomp"] and applied["limits"], f"what was applied, not {applied}")
    require((applied["landlock_abi"] > 0) == ("Landlock, which this kernel has not" not in text.out), f"the truth about Landlock, not {applied}")
    safe = world.qwen("plugin", "list", "--json", "--no-plugins").exits(0).json()
    require([plugin["place"] for plugin in safe["plugins"]] == ["bundled"] * len(safe["plugins"]), f"bundled plugins only, not {safe}")


@scenario
def inspect_reads_a_file_anywhere(world):
    shutil.copy(built(world, "well_behaved"), world.work / "well_behaved.so")
    (world.work / "well_behaved.so").chmod(0o666)
    world.qwen("plugin", "inspect", "well_behaved.so").exits(0).prints_part("Well-behaved test provider 1.0.0", "qwen tests", "--well-behaved-api-key", "refused",
                                                                            "chmod go-w")
    document = world.qwen("plugin", "inspect", "./well_behaved.so", "--json").exits(0).json()
    require(document["plugin"]["version"] == "1.0.0" and not document["plugin"]["decision"]["usable"], f"facts and refusal, not {document}")
    world.qwen("plugin", "inspect", "openai_compat").exits(0).prints_part("used: default: built together")
    world.write("text.so", "not an ELF file")
    world.qwen("plugin", "inspect", "text.so").exits(3).complains("text.so")
    world.qwen("plugin", "inspect", "absent.so").exits(3).complains("no such file")
    world.qwen("plugin", "inspect").exits(2).complains("needs FILE")


@scenario
def a_file_that_calls_itself_otherwise_is_no_plugin(world):
    shutil.copy(built(world, "well_behaved"), world.work / "other.so")
    world.qwen("plugin", "inspect", "other.so").exits(3).complains("well_behaved", "other.so")
    world.qwen("plugin", "install", "other.so").exits(3).complains("well_behaved", "other.so")


@scenario
def why_names_what_decided(world):
    path = put(world, "well_behaved")
    world.qwen("plugin", "why", "well_behaved").exits(0).prints_part("used: default")
    world.qwen("plugin", "why", "openrouter").exits(0).prints_part("preset of openai_compat")
    path.chmod(0o622)
    world.qwen("plugin", "why", "well_behaved").exits(3).prints_part("others may write", "chmod go-w")
    failure = world.qwen("plugin", "why", "well_behaved", "--json").exits(3).json()
    require(failure["error"]["code"] == "plugin_refused", f"the refusal, not {failure}")
    world.qwen("plugin", "why", "nobody").exits(3).complains("no provider plugin 'nobody'")


@scenario
def verify_fails_when_one_plugin_would_be_refused(world):
    put(world, "well_behaved")
    world.qwen("plugin", "verify").exits(0).prints_part("ok       well_behaved", "ok       openai_compat")
    put(world, "broken", b"no plugin")
    world.qwen("plugin", "verify").exits(3).prints_part("refused  broken", "ok       well_behaved")
    require(world.qwen("plugin", "verify", "--json").exits(3).json()["ok"] is False, "ok to be false")


@scenario
def install_copies_for_the_user_alone_and_prints_the_pin(world):
    source = world.work / "well_behaved.so"
    shutil.copy(built(world, "well_behaved"), source)
    source.chmod(0o777)
    run = world.qwen("plugin", "install", "well_behaved.so").exits(0)
    target = world.home / ".qwen" / "plugins" / "well_behaved.so"
    require(target.read_bytes() == source.read_bytes() and target.stat().st_mode & 0o777 == 0o600, "a copy with mode 0600")
    require(target.parent.stat().st_mode & 0o777 == 0o700, "a private directory")
    run.prints_part(str(target), '[[plugin]]\nid = "well_behaved"\nsha256 = ["', "isolated child")
    again = world.qwen("plugin", "install", "well_behaved.so", "--json").exits(0).json()
    require(again["plugin"]["sha256"] in again["policy"], f"the hash in the policy lines, not {again}")
    require(sorted(path.name for path in target.parent.iterdir()) == ["well_behaved.so"], "nothing else left behind")
    world.qwen("plugin", "why", "well_behaved").exits(0)

    shutil.copy(world.build / "lib/qwen/plugins/openai_compat.so", world.work / "openai_compat.so")
    world.qwen("plugin", "install", "openai_compat.so").exits(3).complains("comes with the program")
    world.write("junk.so", "junk")
    world.qwen("plugin", "install", "junk.so").exits(3)
    require(sorted(path.name for path in target.parent.iterdir()) == ["well_behaved.so"], "no refused file installed")


@scenario
def two_hundred_plugins_are_listed(world):
    template = built(world, "well_behaved").read_bytes()
    for number in range(200):
        put(world, f"well_behave{number:03}", template)
    document = world.qwen("plugin", "list", "--json").exits(0).json()
    require(len(document["plugins"]) >= 202, f"every file, not {len(document['plugins'])}")
    misnamed = [plugin for plugin in document["plugins"] if plugin["id"].startswith("well_behave")]
    require(len(misnamed) == 200 and all(plugin["decision"]["error"]["code"] == "plugin_refused" for plugin in misnamed), "a refusal for each copy")


@scenario
def a_plugin_of_ones_own_answers_when_it_is_named(world):
    put(world, "well_behaved")
    world.write("../.qwen/config.toml", f'[providers.well_behaved]\nbase_url = "{world.url}"\n')
    key = {"WELL_BEHAVED_API_KEY": world.key}
    # A variable alone chooses no plugin of the user's; nothing is said of its section, which the run does not look into.
    world.qwen("-p", "hi", env=key).exits(4).does_not_say("well_behaved")
    world.qwen("-p", "hi", *world.flags).exits(0).says_nothing()
    for named in (("--provider", "well_behaved"), ("--provider=well-behaved",)):
        world.qwen(*named, "-p", "hi", env=key).exits(0).says_nothing()
    world.qwen("-p", "hi", env={**key, "QWEN_PROVIDER": "well_behaved"}).exits(0).says_nothing()
    world.qwen("-p", "hi", "--well-behaved-api-key", world.key).exits(0)
    world.write("../.qwen/config.toml", f'provider = "well_behaved"\n[providers.well_behaved]\nbase_url = "{world.url}"\n')
    world.qwen("-p", "hi", env=key).exits(0).says_nothing()
    world.write("../.qwen/config.toml", 'provider = "well_behaved"\n[providers.well_behaved]\nbase_ulr = "x"\n')
    world.qwen("-p", "hi", env=key).exits(3).complains("base_ulr", "config.toml:3")


@scenario
def a_broken_or_greedy_plugin_of_ones_own_is_in_nobodys_way(world):
    put(world, "broken", b"no plugin at all")
    # It claims a flag of the bundled plugin: same length, so the note stays what it is.
    greedy = built(world, "well_behaved").read_bytes().replace(b"\"--well-behaved-api-key\"", b"\"--openai-api-key\"      ")
    put(world, "well_behaved", greedy)
    world.qwen("-p", "hi", *world.flags).exits(0).says_nothing()
    world.qwen("--help").exits(0)
    world.qwen("auth", "status").exits(4)
    world.qwen("-p", "hi", "--provider", "well_behaved", *world.flags).exits(3).complains("--openai-api-key")


def with_flag(world, flag):
    """The plugin that is built beside the program, with another flag in its manifest; JSON takes the blanks."""
    image = built(world, "well_behaved").read_bytes()
    own, other = b'"--well-behaved-api-key"', f'"{flag}"'.encode()
    require(image.count(own) == 1 and len(other) <= len(own), f"one flag to replace by {flag}")
    return image.replace(own, other.ljust(len(own)))


@scenario
def a_plugin_whose_flag_is_taken_stops_nobody_else(world):
    for flag, owner in (("--openai-api-key", "by plugin 'openai_compat'"), ("--model", "by the program"), ("--json", "by the program")):
        path = put(world, "well_behaved", with_flag(world, flag))
        world.qwen("-p", "hi", *world.flags).exits(0).prints(STORY).says_nothing()
        world.qwen("plugin", "list").exits(0).prints_part(f"the flag {flag} of plugin 'well_behaved' is taken {owner}")
        world.qwen("plugin", "why", "well_behaved").exits(3).prints_part(f"is taken {owner}", "name the setting otherwise")
        world.qwen("plugin", "verify").exits(3).prints_part("refused  well_behaved", "ok       openai_compat")
        world.qwen("--provider", "well_behaved", "-p", "hi").exits(3).prints_nothing().complains(f"is taken {owner}")
        path.unlink()
        source = world.work / "well_behaved.so"
        source.write_bytes(with_flag(world, flag))
        world.qwen("plugin", "install", "well_behaved.so").exits(3).complains(f"is taken {owner}")
        require(not path.exists(), "nothing installed")


def elf_hash(name):
    """Of the System V ABI: what the linker compares before it compares the name."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high & 0xFFFFFFFF
    return struct.pack("<I", value)


@scenario
def a_plugin_built_for_a_newer_system_says_what_it_needs(world):
    image = built(world, "well_behaved").read_bytes()
    names = sorted(set(re.findall(rb"GLIBC_2\.\d\d(?=\0)", image)))
    require(names != [], "a version of the C library with two digits among those the plugin needs")
    newer = image.replace(names[-1] + b"\0", b"GLIBC_2.99\0").replace(elf_hash(names[-1]), elf_hash(b"GLIBC_2.99"))
    ask = ["--provider", "well_behaved", "-p", "hi"]
    key = {"WELL_BEHAVED_API_KEY": world.key}
    put(world, "well_behaved", newer)
    world.qwen(*ask, env=key).exits(3).prints_nothing().complains("needs GLIBC_2.99, which", "libc.so.6 of this system does not have", "built on a newer system").does_not_say("boost")
    put(world, "well_behaved", image.replace(b"libc.so.6\0", b"libz.so.9\0"))
    world.qwen(*ask, env=key).exits(3).complains("needs the library libz.so.9, which is not on this system", "install that library").does_not_say("boost")
    put(world, "well_behaved", image.replace(b'"abi_min":"1.0"', b'"abi_min":"1.7"'))
    world.qwen(*ask, env=key).exits(3).complains("needs plugin ABI 1.7, this program has 1.0", "update qwen")


@scenario
def check_runs_the_rules_for_providers(world):
    shutil.copy(world.build / "lib" / "qwen" / "plugins" / "qwen_oauth.so", world.work / "qwen_oauth.so")
    world.qwen("plugin", "check", "qwen_oauth.so").exits(0).prints_part("ok         QP001", "0 failed, 0 undecided", "(seed 1)")
    document = world.qwen("plugin", "check", "qwen_oauth.so", "--json", "--seed", "7", "--only", "QP016", "--only", "QP026").exits(0).json()
    require(document["ok"] and document["seed"] == 7 and [rule["id"] for rule in document["rules"]] == ["QP016", "QP026"], f"two rules, not {document}")
    shutil.copy(built(world, "cpp_minimal"), world.work / "cpp_minimal.so")
    world.qwen("plugin", "check", "cpp_minimal.so", "--reproduce", "QP029:3").exits(1).prints_part("FAILED     QP029", "thrown on purpose", "| login", "(seed 3)")
    (world.work / "text.so").write_text("no plugin at all")
    world.qwen("plugin", "check", "text.so").exits(1).prints_part("FAILED     QP001", "undecided  QP002")
    world.qwen("plugin", "check", "missing.so").exits(2)
    world.qwen("plugin", "check", "qwen_oauth.so", "--only", "QP999").exits(2)
