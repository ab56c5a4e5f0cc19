"""Answers that go wrong: the part that came stays on stdout, the error says what and where, and memory stays small."""

import resource
import signal
import socket
import subprocess
import time

from harness import STORY, Failure, require, scenario

MIB_IN_KIB = 1024


def ask(world, model, *arguments, **options):
    world.dotenv()
    return world.qwen("-m", model, *arguments, "-p", "hi", **options)


@scenario
def a_connection_cut_before_the_headers_is_a_network_error(world):
    run = ask(world, "cut-headers").prints_nothing()
    require(run.code in (5, 8), f"exit code 5 or 8\n{run}")


@scenario
def a_stream_cut_between_chunks_keeps_what_came(world):
    run = ask(world, "cut-after-3").exits(8).complains("cut")
    run.prints("Once upon a")


@scenario
def a_stream_cut_inside_a_chunk_keeps_what_came(world):
    run = ask(world, "cut-mid-3").exits(8).complains("cut")
    run.prints("Once upon")


@scenario
def a_stream_without_an_ending_was_cut(world):
    ask(world, "no-end").exits(8).prints(STORY).complains("cut")


@scenario
def an_error_event_keeps_what_came(world):
    run = ask(world, "error-event-2").exits(8).complains("overloaded")
    run.prints("Once upon")


@scenario
def an_error_event_in_json_says_both(world):
    answer = ask(world, "error-event-2", "-o", "json").exits(8).json()
    require(answer["ok"] is False and answer["error"]["exit_code"] == 8 and answer["answer"] == "Once upon", f"the error and the part, not {answer}")


@scenario
def nothing_is_sent_again_after_the_first_text(world):
    ask(world, "cut-after-3").exits(8)
    require(len(world.chats()) == 1, "one request")


@scenario
def a_page_of_html_with_status_200_is_no_answer(world):
    ask(world, "html").exits(8).prints_nothing().complains("html")


@scenario
def a_refused_key_is_exit_4_and_not_tried_again(world):
    world.dotenv(OPENAI_API_KEY=world.secret("wrong"))
    world.qwen("-p", "hi").exits(4).prints_nothing().complains("401", ".env")
    require(len(world.chats()) == 1, "one request")


@scenario
def a_server_that_repeats_the_key_does_not_show_it(world):
    ask(world, "leak-key").exits(4).prints_nothing()
    ask(world, "leak-key", "-o", "json").exits(4)
    ask(world, "leak-key", "--debug").exits(4)


@scenario
def an_unknown_model_is_a_configuration_error(world):
    ask(world, "status-404").exits(3).complains("model")


@scenario
def a_quota_that_is_gone_is_exit_6_at_once(world):
    ask(world, "quota").exits(6).prints_nothing().complains("quota")
    require(len(world.chats()) == 1, "one request")


@scenario
def a_passing_server_error_is_tried_again(world):
    ask(world, "fail-first-1").exits(0).prints(STORY)
    require(len(world.chats()) == 2, "two requests")


@scenario
def a_bad_request_is_not_tried_again(world):
    ask(world, "status-400").exits(8).prints_nothing()
    require(len(world.chats()) == 1, "one request")


@scenario
def a_redirect_does_not_take_the_key_elsewhere(world):
    other = world.start_provider()
    ask(world, f"redirect-{other.port}").exits(8).prints_nothing().complains("redirect")
    require(not other.requests(), "no request at the other server")


@scenario
def nobody_listening_is_a_network_error(world):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    run = world.qwen("--openai-api-key", world.key, "--openai-base-url", f"http://127.0.0.1:{port}/v1", "-p", "hi")
    run.exits(5).prints_nothing().complains(f"127.0.0.1:{port}")


@scenario
def an_endless_line_ends_with_an_error_and_little_memory(world):
    ask(world, "endless-line", timeout=60).exits(8)
    require_little_memory()


@scenario
def an_endless_stream_stops_when_its_reader_goes(world):
    world.dotenv()
    process = world.start("-m", "endless", "-p", "hi", stdin=subprocess.DEVNULL)
    process.stdout.read(100_000)
    process.stdout.close()
    code = process.wait(timeout=10)
    process.stderr.close()
    require(code == 0 or code == 1 or code == -signal.SIGPIPE or code == 141, f"a quiet end, not exit code {code}")


@scenario
def deep_json_in_a_stream_is_an_error(world):
    ask(world, "deep-json").exits(8)
    require_little_memory()


@scenario
def invalid_utf8_does_not_stop_the_answer(world):
    run = ask(world, "invalid-utf8")
    require(run.code in (0, 8), f"an answer or a clear error\n{run}")
    run.out_bytes.decode("utf-8")


@scenario
def huge_headers_are_an_error(world):
    run = ask(world, "big-headers").prints_nothing()
    require(run.code in (5, 8), f"exit code 5 or 8\n{run}")
    require_little_memory()


@scenario
def an_answer_cannot_steer_the_terminal(world):
    run = ask(world, "escape").exits(0)
    require("\x1b" not in run.out and "\x9b" not in run.out and "before" in run.out and "after" in run.out, f"text without escapes\n{run}")


@scenario
def an_interrupt_ends_it_within_a_moment_and_keeps_the_part(world):
    world.dotenv()
    process = world.start("-m", "stall-after-3", "-p", "hi", stdin=subprocess.DEVNULL)
    part = process.stdout.read(len("Once upon a"))
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    run = world.finish(process, timeout=10)
    require(part == b"Once upon a", f"the part, not {part!r}")
    require(run.code in (130, -signal.SIGINT), f"130 or death of SIGINT\n{run}")
    if time.monotonic() - begin > 5:
        raise Failure("  an interrupt took seconds, not a moment")


@scenario
def each_event_is_shown_when_it_arrives(world):
    world.dotenv()
    process = world.start("-m", "stall-after-1", "-p", "hi", stdin=subprocess.DEVNULL)
    require(process.stdout.read(4) == b"Once", "the first word while the server is silent")
    process.terminate()
    world.finish(process, timeout=10)


def require_little_memory(limit_mib=128):
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / MIB_IN_KIB
    require(peak < limit_mib, f"less than {limit_mib} MiB, not {peak:.0f}")
