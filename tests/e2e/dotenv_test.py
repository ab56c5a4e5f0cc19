"""A .env that is no honest small file: each is refused or ignored at once, with its path, and never hangs."""

import os

from harness import STORY, require, scenario


def refuses(world, *parts):
    run = world.qwen("-p", "hi", timeout=10).exits(3).prints_nothing()
    return run.complains(".env", *parts)


@scenario
def a_fifo_is_refused_and_does_not_hang(world):
    os.mkfifo(world.work / ".env", 0o600)
    refuses(world)


@scenario
def a_directory_is_refused(world):
    (world.work / ".env").mkdir()
    refuses(world)


@scenario
def a_file_of_a_gigabyte_is_refused_without_reading_it(world):
    path = world.write(".env", "OPENAI_API_KEY=x\n")
    os.truncate(path, 1 << 30)
    refuses(world)


@scenario
def a_binary_file_is_refused(world):
    world.write(".env", b"OPENAI_API_KEY=a\0b\n")
    refuses(world)


@scenario
def an_unterminated_quote_is_refused_with_its_line(world):
    world.write(".env", f'OPENAI_MODEL=x\nOPENAI_API_KEY="{world.key}\nOPENAI_BASE_URL={world.url}\n')
    refuses(world, ".env:2")


@scenario
def a_device_is_refused(world):
    (world.work / ".env").symlink_to("/dev/zero")
    refuses(world)


@scenario
def quotes_comments_and_exports_are_read_as_dotenv_reads_them(world):
    text = f"# a comment\r\nexport OPENAI_API_KEY='{world.key}' # the key\r\n\r\nOPENAI_BASE_URL=\"{world.url}\"\r\nOPENAI_MODEL = echo\r\n"
    world.write(".env", "\ufeff" + text)
    world.qwen("-p", "hi").exits(0).prints("hi")


@scenario
def a_file_that_others_may_write_is_not_used(world):
    world.dotenv().chmod(0o666)
    run = world.qwen("-p", "hi").complains(".env")
    require(run.code in (3, 4), f"a refusal\n{run}")
    require(not world.provider.requests(), "no request")


@scenario
def nothing_of_a_dotenv_is_exported(world):
    world.dotenv(BASH_ENV="/nonexistent", DEBUG="1")
    world.qwen("-p", "hi").exits(0).prints(STORY).says_nothing()
