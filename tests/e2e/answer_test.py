"""The main job: a prompt goes in, the answer comes out, and nothing else on stdout."""

import json

from harness import STORY, require, scenario


@scenario
def a_key_in_dotenv_answers_a_prompt(world):
    world.dotenv()
    world.qwen("tell me a story").exits(0).prints(STORY).says_nothing()


@scenario
def key_and_server_as_flags_answer_a_prompt(world):
    world.qwen(*world.flags, "-m", "gpt-4o-mini", "-p", "hi").exits(0).prints(STORY)
    require(json.loads(world.chats()[0]["body"])["model"] == "gpt-4o-mini", "the model of the flag in the request")


@scenario
def key_and_server_in_the_environment_answer_a_prompt(world):
    environment = {"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": world.url, "OPENAI_MODEL": "qwen-max"}
    world.qwen("-p", "hi", env=environment).exits(0).prints(STORY)
    require(json.loads(world.chats()[0]["body"])["model"] == "qwen-max", "the model of the environment in the request")


@scenario
def the_default_model_is_gpt_4o(world):
    world.dotenv()
    world.qwen("-p", "hi").exits(0)
    require(json.loads(world.chats()[0]["body"])["model"] == "gpt-4o", "gpt-4o in the request")


@scenario
def a_prompt_comes_from_stdin(world):
    world.dotenv(OPENAI_MODEL="echo")
    world.qwen(stdin="what is this?\n").exits(0).prints("what is this?")


@scenario
def a_dash_reads_the_prompt_from_stdin(world):
    world.dotenv(OPENAI_MODEL="echo")
    world.qwen("-p", "-", stdin="from a pipe").exits(0).prints("from a pipe")


@scenario
def a_prompt_and_stdin_go_together(world):
    world.dotenv(OPENAI_MODEL="echo")
    world.qwen("-p", "summarise", stdin="first line\nsecond line\n").exits(0).prints_part("summarise", "first line\nsecond line")


@scenario
def words_after_two_dashes_are_a_prompt(world):
    world.dotenv(OPENAI_MODEL="echo")
    world.qwen("--", "models").exits(0).prints("models")


@scenario
def a_system_prompt_is_the_first_message(world):
    world.dotenv()
    world.qwen("--system", "be brief", "-p", "hi").exits(0)
    messages = json.loads(world.chats()[0]["body"])["messages"]
    require(messages == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}], f"two messages, not {messages}")


@scenario
def one_prompt_is_exactly_one_request(world):
    world.dotenv()
    world.qwen("-p", "hi").exits(0)
    requests = world.provider.requests()
    require(len(requests) == 1, f"one request, not {[request['target'] for request in requests]}")
    require(requests[0]["method"] == "POST" and requests[0]["target"] == "/v1/chat/completions", "POST /v1/chat/completions")
    require(requests[0]["headers"]["authorization"].startswith("Bearer sha256:"), "a bearer key")


@scenario
def json_output_is_one_object(world):
    world.dotenv()
    answer = world.qwen("-o", "json", "-p", "hi").exits(0).json()
    require(answer["ok"] is True and answer["answer"] == STORY, f"the story, not {answer}")


@scenario
def stream_json_is_an_object_on_every_line(world):
    world.dotenv()
    lines = world.qwen("-o", "stream-json", "-p", "hi").exits(0).json_lines()
    require("".join(line["text"] for line in lines if line["type"] == "delta") == STORY, "deltas that make the story")
    require(lines[-1]["type"] == "result" and lines[-1]["ok"] is True, "a result at the end")


@scenario
def models_are_listed_one_on_a_line(world):
    world.dotenv()
    run = world.qwen("models").exits(0)
    require({"gpt-4o", "qwen-max"} <= set(line.split()[0] for line in run.out.splitlines() if line), f"the models of the server, not {run.out!r}")


@scenario
def models_in_json(world):
    world.dotenv()
    world.qwen("models", "-o", "json").exits(0).json()


@scenario
def the_program_answers_to_both_names(world):
    world.dotenv()
    world.qwen("-p", "hi", program=world.build / "bin" / "qwen-code").exits(0).prints(STORY)


@scenario
def help_and_version_need_nothing(world):
    world.qwen("--version").exits(0).prints_part("qwen ").says_nothing()
    world.qwen("--help").exits(0).prints_part("--openai-api-key", "--model", "config explain").says_nothing()


@scenario
def a_misspelt_command_is_no_prompt(world):
    world.dotenv()
    world.qwen("modles").exits(2).prints_nothing().complains("models")
    world.qwen("--modle", "x", "-p", "hi").exits(2).prints_nothing().complains("--model")
    require(not world.provider.requests(), "no request")


@scenario
def an_answer_that_is_not_streamed_is_still_an_answer(world):
    world.dotenv(OPENAI_MODEL="whole")
    world.qwen("-p", "hi").exits(0).prints(STORY)


@scenario
def every_shape_of_a_stream_gives_the_same_text(world):
    world.dotenv()
    for shape in ("crlf", "cr", "bom", "comments", "no-final-blank", "usage", "no-done", "reasoning"):
        world.qwen("-m", shape, "-p", "hi").exits(0).prints(STORY)
    run = world.qwen("-m", "split-utf8+chunks-2", "-p", "hi").exits(0)
    run.prints("Once 中文😀 upon 中文😀")


@scenario
def a_long_answer_is_complete(world):
    world.dotenv()
    run = world.qwen("-m", "chunks-20000", "-p", "hi").exits(0)
    require(run.out.count("last.") == 1000, "all 20,000 words")


@scenario
def a_server_without_keys_needs_none(world):
    open_server = world.start_provider("--accept-anyone")
    world.qwen("--provider", "local", "--openai-base-url", open_server.url, "-p", "hi").exits(0).prints(STORY)
