"""Where a value comes from: flags, environment, one .env, the user's file, defaults; and the program can say so."""

import json

from harness import STORY, require, scenario


def model_sent(world):
    return json.loads(world.chats()[-1]["body"])["model"]


@scenario
def a_flag_beats_the_environment_beats_dotenv_beats_the_users_file(world):
    world.write("../.qwen/config.toml", 'model = "from-toml"\n')
    world.dotenv()
    world.qwen("-p", "hi").exits(0)
    require(model_sent(world) == "from-toml", "the model of config.toml")
    world.dotenv(OPENAI_MODEL="from-dotenv")
    world.qwen("-p", "hi").exits(0)
    require(model_sent(world) == "from-dotenv", "the model of .env")
    world.qwen("-p", "hi", env={"OPENAI_MODEL": "from-environment"}).exits(0)
    require(model_sent(world) == "from-environment", "the model of the environment")
    world.qwen("-p", "hi", "-m", "from-flag", env={"OPENAI_MODEL": "from-environment"}).exits(0)
    require(model_sent(world) == "from-flag", "the model of the flag")


@scenario
def the_nearest_dotenv_wins_and_nothing_is_merged(world):
    world.write("../.env", "OPENAI_MODEL=from-above\n")
    world.dotenv()
    world.qwen("-p", "hi").exits(0)
    require(model_sent(world) == "gpt-4o", "the default model: files are never merged")
    below = world.work / "deep" / "down"
    below.mkdir(parents=True)
    world.qwen("-p", "hi", cwd=below).exits(0).prints(STORY)


@scenario
def a_dotenv_in_the_qwen_folder_comes_first(world):
    world.dotenv(OPENAI_MODEL="second")
    world.write(".qwen/.env", f"OPENAI_API_KEY={world.key}\nOPENAI_BASE_URL={world.url}\nOPENAI_MODEL=first\n")
    world.qwen("-p", "hi").exits(0)
    require(model_sent(world) == "first", "the model of .qwen/.env")


@scenario
def an_empty_variable_counts_as_unset(world):
    world.dotenv(OPENAI_MODEL="from-dotenv")
    world.qwen("-p", "hi", env={"OPENAI_MODEL": ""}).exits(0)
    require(model_sent(world) == "from-dotenv", "the model of .env")


@scenario
def explain_names_the_source_and_hides_the_key(world):
    world.dotenv(OPENAI_MODEL="from-dotenv")
    run = world.qwen("config", "explain", "-m", "from-flag").exits(0)
    run.prints_part("from-flag", "from-dotenv", ".env:1", ".env:2")
    require(not world.provider.requests(), "no request")


@scenario
def explain_in_json_is_one_document(world):
    world.dotenv()
    world.qwen("config", "explain", "-o", "json").exits(0).json()


@scenario
def a_misspelt_key_in_toml_is_named_with_its_place(world):
    world.write("../.qwen/config.toml", '\nmodle = "x"\n')
    world.dotenv()
    world.qwen("-p", "hi").exits(3).prints_nothing().complains("config.toml:2", "modle", "model")


@scenario
def broken_toml_is_named_with_its_place(world):
    world.write("../.qwen/config.toml", 'model = "x\n')
    world.dotenv()
    world.qwen("-p", "hi").exits(3).prints_nothing().complains("config.toml:1")


@scenario
def a_list_in_the_users_file_keeps_its_elements_apart(world):
    world.write("../.qwen/config.toml", '[providers.openai_compat]\nheaders = ["X-Team: blue, green", "X-Trace: on"]\n')
    world.dotenv()
    world.qwen("-p", "hi").exits(0)
    headers = world.chats()[-1]["headers"]
    require((headers.get("x-team"), headers.get("x-trace")) == ("blue, green", "on"), f"both headers, not {headers}")


@scenario
def a_header_cannot_be_smuggled_in_through_a_list(world):
    world.write("../.qwen/config.toml", '[providers.openai_compat]\nheaders = ["X-Team: blue\\r\\nX-Evil: 1"]\n')
    world.dotenv()
    world.qwen("-p", "hi").exits(3).prints_nothing().complains("headers")
    require(not world.provider.requests(), "no request")
