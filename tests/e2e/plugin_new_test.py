"""`qwen plugin new`: a project that builds with the installed SDK, is tested, and works at once."""

from harness import STORY, Skipped, require, scenario
from samples_test import RUSTC
from workshop import Workshop


def builds_under_another_name(world, language, kinds, *definitions):
    workshop = Workshop(world)
    for kind in kinds:
        name = f"acme_{kind.replace('-', '_')}"
        world.qwen("plugin", "new", name, "--lang", language, "--kind", kind, "--vendor", "Acme Inc.", cwd=workshop.place).exits(0).prints_part(name)
        plugin = workshop.build(workshop.place / name, *definitions)
        workshop.inspect(plugin)
        workshop.check(plugin)
        facts = world.qwen("plugin", "inspect", plugin, "--json").exits(0).json()["plugin"]
        require(facts["vendor"] == "Acme Inc." and facts["methods"][0]["kind"] in (kind, "api-key"), f"vendor and kind, not {facts}")


@scenario
def every_template_in_c_builds_under_another_name(world):
    builds_under_another_name(world, "c", ("api-key", "device-code", "signing", "command"))


@scenario
def every_template_in_cpp_builds_under_another_name(world):
    builds_under_another_name(world, "cpp", ("api-key", "device-code", "signing"))


@scenario
def every_template_in_rust_builds_under_another_name(world):
    if not RUSTC.exists():
        raise Skipped("there is no rustc of the system (scripts/install-packages rust)")
    builds_under_another_name(world, "rust", ("api-key", "device-code", "signing"), f"-DQWEN_RUSTC={RUSTC}")


@scenario
def a_new_project_answers_a_prompt(world):
    workshop = Workshop(world)
    written = world.qwen("plugin", "new", "acme", cwd=workshop.place, env={"PATH": "/usr/bin:/bin"}).exits(0)
    written.prints_part("kind api-key in c", "cmake -S acme -B acme/build", "qwen plugin install acme/build/acme.so")
    workshop.install(workshop.build(workshop.place / "acme"))
    world.qwen("--provider", "acme", "-p", "hi", env={"ACME_API_KEY": world.key, "ACME_BASE_URL": world.url}).exits(0).prints(STORY).says_nothing()
    world.qwen("--help").exits(0).prints_part("--acme-api-key", "ACME_BASE_URL")


@scenario
def nothing_is_overwritten(world):
    report = world.qwen("plugin", "new", "acme", "my project", "--json").exits(0).json()
    require(report["files"] == [".gitignore", "CMakeLists.txt", "README.md", "acme.c", "plugin.toml"] and "'my project'" in report["next"][0], f"the files, not {report}")
    source = world.work / "my project" / "acme.c"
    world.written.add(source.resolve())
    source.write_text("mine")
    world.qwen("plugin", "new", "acme", "my project").exits(2).prints_nothing().complains("nothing of it is overwritten")
    require(source.read_text() == "mine", "the file as it was")
    (world.work / "empty").mkdir()
    world.qwen("plugin", "new", "acme", "empty").exits(0)
    world.qwen("plugin", "new", "acme", "empty/acme.c/below").exits(3).complains("cannot make the directory")


@scenario
def what_cannot_be_had_is_said_with_what_can(world):
    world.qwen("plugin", "new").exits(2).complains("needs NAME")
    world.qwen("plugin", "new", "Acme-Cloud").exits(2).complains("qwen plugin new acme_cloud")
    world.qwen("plugin", "new", "../up").exits(2)
    world.qwen("plugin", "new", "acme", "--lang", "rust", "--kind", "command").exits(2).complains("cpp: api-key, device-code, signing")
    world.qwen("plugin", "new", "acme", "--kind", "device").exits(2).complains("device-code")
    world.qwen("plugin", "new", "openai_compat").exits(2).complains("already")
    world.qwen("plugin", "list", "--lang", "c").exits(2)
    require(list(world.work.iterdir()) == [], "nothing written")


@scenario
def the_manifest_page_is_accepted_as_it_stands(world):
    workshop = Workshop(world)
    page = (workshop.prefix / "share/doc/qwen/plugins/manifest.md").read_text()
    example = workshop.place / "plugin.toml"
    example.write_text(page.split("```toml\n")[1].split("```")[0])
    note = workshop.prefix / "libexec/qwen/qwen_manifest_note"
    require('"id":"acme"' in workshop.run(note, example, "--json"), "the manifest as JSON")
    for key in ("license", "relaxed", "interactive", "placeholder", "required", "sources", "key_required", "help_url"):
        require(f"`{key}`" in page, f"the key {key} on the page")


@scenario
def the_commands_without_cmake_make_the_same_plugin(world):
    workshop = Workshop(world)
    world.qwen("plugin", "new", "acme", ".", cwd=workshop.place).exits(0)
    page = (workshop.prefix / "share/doc/qwen/plugins/README.md").read_text()
    commands = page.split("```sh\n")[1].split("```")[0]
    require("pkg-config" in commands and "manifest_note" in commands, f"the commands with pkg-config, not {commands}")
    workshop.run("bash", "-euc", f"export PKG_CONFIG_PATH='{workshop.prefix}/lib/pkgconfig'\n{commands}")
    workshop.install(workshop.place / "acme.so")
    world.qwen("--provider", "acme", "-p", "hi", env={"ACME_API_KEY": world.key, "ACME_BASE_URL": world.url}).exits(0).prints(STORY).says_nothing()
