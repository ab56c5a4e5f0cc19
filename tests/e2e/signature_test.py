"""Plugins that are allowed because somebody signed them: signatures made by minisign, checked over the very bytes that are mapped."""

import shutil
import subprocess

from governed import DENIED, Governed
from harness import Skipped, require, scenario

PLUGIN = "well_behaved"


class Signer:
    """A key pair of minisign's, without a password."""

    def __init__(self, world, name):
        if shutil.which("minisign") is None:
            raise Skipped("needs minisign (scripts/install-packages test)")
        self.folder = world.root / name
        self.folder.mkdir()
        subprocess.run(["minisign", "-G", "-W", "-p", "key.pub", "-s", "key.sec"], cwd=self.folder, check=True, capture_output=True)
        comment, self.key = (self.folder / "key.pub").read_text().splitlines()
        self.name = comment.split()[-1].rjust(16, "0")

    def sign(self, file, *arguments):
        subprocess.run(["minisign", "-S", "-s", str(self.folder / "key.sec"), "-m", str(file), "-t", "for the team", *arguments], check=True, capture_output=True)
        return file.with_name(file.name + ".minisig")


def with_plugin(world, text):
    """The fixture as a plugin of the user's, under a policy."""
    it = Governed(world, text)
    folder = world.home / ".qwen/plugins"
    folder.mkdir(parents=True)
    (world.home / ".qwen").chmod(0o700)
    folder.chmod(0o700)
    plugin = folder / f"{PLUGIN}.so"
    shutil.copy2(world.build / "tests/plugins" / plugin.name, plugin)
    plugin.chmod(0o600)
    return it, plugin


def policy(keys, more="", plugin=PLUGIN):
    listed = ", ".join(f'"{key}"' for key in keys)
    return f'schema = 1\n[plugins]\nrequire = "pin"\n{more}[[plugin]]\nid = "{plugin}"\nsigners = [{listed}]\n'


@scenario
def a_plugin_its_signer_vouches_for_is_allowed_and_the_key_is_named(world):
    team = Signer(world, "team")
    it, plugin = with_plugin(world, policy([team.key]))
    it.qwen("plugin", "why", PLUGIN).exits(DENIED).prints_part("it has no signature", it.line(4))
    for form in ([], ["-l"]):
        team.sign(plugin, *form)
        it.qwen("plugin", "verify").exits(0).prints_part(f"signed by {team.name}")
        it.qwen("policy", "test", "--provider", PLUGIN).exits(0).prints(f"allowed, signed by {team.name}")
        it.qwen("plugin", "why", PLUGIN).exits(0).prints_part(team.name)
        require(it.qwen("--json", "plugin", "why", PLUGIN).exits(0).json()["plugin"]["signed_by"] == team.name, "the key in JSON")
    it.qwen("policy", "show").exits(0).prints_part(team.key)


@scenario
def whatever_does_not_fit_is_denied(world):
    team, other = Signer(world, "team"), Signer(world, "other")
    it, plugin = with_plugin(world, policy([team.key]))
    content = plugin.read_bytes()

    def denied(*parts):
        for arguments in (("policy", "test", "--provider", PLUGIN), ("--provider", PLUGIN, "-p", "hi")):
            it.qwen(*arguments).exits(DENIED).complains(it.line(4), *parts)
        it.qwen("plugin", "why", PLUGIN).exits(DENIED).prints_part(it.line(4), *parts)
        it.qwen("plugin", "verify").exits(DENIED).prints_part("refused")

    other.sign(plugin)
    denied(f"it is signed by key {other.name}, which is not allowed here")
    signature = team.sign(plugin)
    good = signature.read_text()
    plugin.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    denied(f"the signature of key {team.name} does not fit the file")
    plugin.write_bytes(content)
    signature.write_text(good.replace("for the team", "for everybody"))
    denied("the comment of the signature was changed")
    lines = good.splitlines()
    lines[1] = lines[1][:20] + ("A" if lines[1][20] != "A" else "B") + lines[1][21:]
    signature.write_text("\n".join(lines) + "\n")
    denied("the signature of key")
    for nonsense in ("", "untrusted comment: x\n", good + "more\n", "\n" * 9000):
        signature.write_text(nonsense)
        denied()
    signature.unlink()
    signature.symlink_to(world.root / "elsewhere")
    denied()
    signature.unlink()
    team.sign(plugin)
    it.qwen("plugin", "why", PLUGIN).exits(0)


@scenario
def a_key_or_a_build_that_was_revoked_is_denied_whatever_allows_it(world):
    team, other = Signer(world, "team"), Signer(world, "other")
    it, plugin = with_plugin(world, policy([team.key, other.key]))
    team.sign(plugin)
    sha256 = it.qwen("--json", "plugin", "why", PLUGIN).exits(0).json()["plugin"]["sha256"]
    it.write(policy([team.key, other.key], more=f'revoked = ["{team.key}"]\n'))
    it.qwen("plugin", "why", PLUGIN).exits(DENIED).prints_part("signed by a key that your administrator has revoked", it.line(4))
    other.sign(plugin)
    it.qwen("plugin", "why", PLUGIN).exits(0).prints_part(other.name)
    it.write(policy([other.key], more=f'revoked = ["{sha256}"]\n'))
    it.qwen("plugin", "why", PLUGIN).exits(DENIED).prints_part("a build that your administrator has revoked", it.line(4))


@scenario
def one_section_for_all_plugins_that_did_not_come_with_the_program(world):
    team = Signer(world, "team")
    it, plugin = with_plugin(world, policy([team.key], plugin="*"))
    world.dotenv()
    it.qwen("-p", "hi").exits(0)
    it.qwen("plugin", "why", PLUGIN).exits(DENIED).prints_part("it has no signature")
    team.sign(plugin)
    it.qwen("plugin", "why", PLUGIN).exits(0).prints_part(team.name)


@scenario
def installing_takes_the_signature_along(world):
    team = Signer(world, "team")
    it, plugin = with_plugin(world, policy([team.key]))
    source = world.work / plugin.name
    plugin.rename(source)
    it.qwen("plugin", "install", source).exits(DENIED).complains("it has no signature")
    team.sign(source)
    it.qwen("plugin", "install", source).exits(0)
    it.qwen("plugin", "verify").exits(0).prints_part(f"signed by {team.name}")


@scenario
def a_policy_with_a_key_that_is_none_cannot_be_used(world):
    it = Governed(world, 'schema = 1\n[[plugin]]\nid = "acme"\nsigners = ["RWnot a key"]\n')
    it.qwen("-p", "hi").exits(DENIED).complains("not a public key of minisign", it.line(4))
    it.write('schema = 1\n[plugins]\nrevoked = ["something"]\n')
    it.qwen("-p", "hi").exits(DENIED).complains("plugins.revoked", it.line(3))
    it.write('schema = 1\n[[plugin]]\nid = "acme"\n')
    it.qwen("-p", "hi").exits(DENIED).complains("a [[plugin]] needs", it.line(2))
