"""A key that is piped in once, checked, kept, used, and taken away again."""
from harness import STORY, require, scenario


@scenario
def a_key_from_a_pipe_is_checked_kept_and_used(world):
    at = ("--openai-base-url", world.url)
    world.qwen("auth", "login", "local", "--with-api-key", *at, stdin=f' "{world.key}"\n').exits(0).complains("Signed in: local", "credentials.json")
    require((world.home / ".qwen/credentials.json").stat().st_mode & 0o777 == 0o600, "a file of mode 0600")
    world.qwen("-p", "hi").exits(0).prints(STORY)
    world.qwen("auth", "status", "--check").exits(0)
    world.qwen("auth", "logout").exits(0)
    world.qwen("auth", "logout").exits(0)
    world.qwen("-p", "hi").exits(4).prints_nothing()


@scenario
def a_key_needs_no_renewal(world):
    world.dotenv()
    world.qwen("auth", "refresh").exits(0).prints("openai_compat: an API key does not expire, so there is nothing to renew")
    require(world.qwen("--json", "auth", "refresh").exits(0).json()["renewed"] is False, "that nothing was renewed")
    require(world.provider.requests() == [], "no request")
    world.qwen("auth", "refresh", "openrouter", cwd=world.home).exits(4).complains("qwen auth login openrouter")
