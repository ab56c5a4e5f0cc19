"""Plugins from elsewhere: they run in a process of their own, and what they do wrong is one error."""

import shutil

from harness import STORY, require, scenario

# The misbehaving plugin does what these bytes of its file say: a behaviour and a place, counted as in tests/fault_zoo/behaviours.h.
MARK = b"ZOO!"
AUTHORIZE = 4
NULL_READ, CALL_EXIT_ZERO, HANG_BUSY = 1, 10, 19


def install(world, name, content=None):
    folder = world.home / ".qwen" / "plugins"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{name}.so"
    if content is None:
        shutil.copy(world.build / "tests" / "plugins" / file.name, file)
    else:
        file.write_bytes(content)
    file.chmod(0o755)
    world.written.add(file.resolve())


def misbehaving(world, behaviour):
    image = bytearray((world.build / "tests" / "plugins" / "fault_zoo.so").read_bytes())
    at = image.index(MARK)
    image[at + 4] = behaviour
    image[at + 5] = AUTHORIZE
    install(world, "fault_zoo", bytes(image))


@scenario
def a_provider_from_elsewhere_answers_a_prompt(world):
    install(world, "well_behaved")
    world.write("../.qwen/config.toml", f'[providers.well_behaved]\nbase_url = "{world.url}"\n')
    world.qwen("--provider", "well_behaved", "-p", "hi", env={"WELL_BEHAVED_API_KEY": world.key}).exits(0).prints(STORY).says_nothing()


@scenario
def a_provider_lists_its_models_and_says_what_the_account_is(world):
    install(world, "well_behaved")
    world.write("../.qwen/config.toml", f'[providers.well_behaved]\nbase_url = "{world.url}"\n')
    key = {"WELL_BEHAVED_API_KEY": world.key}
    world.qwen("models", "--provider", "well_behaved", env=key).exits(0).prints("test-model")
    require(world.provider.requests() == [], "no request: the provider knows its models")
    world.qwen("auth", "status", "well_behaved", env=key).exits(0).does_not_say("plan")
    world.qwen("auth", "status", "well_behaved", "--check", env=key).exits(0).prints_part("plan", "free")
    row = world.qwen("auth", "status", "well_behaved", "--check", "--json", env=key).exits(0).json()["providers"][0]
    require(row["facts"] == {"plan": "free"}, f"the facts, not {row}")


@scenario
def a_plugin_that_dies_is_one_error_and_the_next_request_works(world):
    world.dotenv()
    for behaviour, cause in ((NULL_READ, "signal 11"), (CALL_EXIT_ZERO, "status 0"), (HANG_BUSY, "did not answer within 5 s")):
        misbehaving(world, behaviour)
        run = world.qwen("--provider", "fault_zoo", "-m", "m", "-p", "hi")
        run.exits(8).prints_nothing().complains("plugin 'fault_zoo' failed in authorize", cause)
        world.qwen("-p", "hi").exits(0).prints(STORY)


@scenario
def the_option_for_plugins_is_not_for_people(world):
    world.qwen("--plugin-host").exits(2).prints_nothing().complains("--plugin-host")
