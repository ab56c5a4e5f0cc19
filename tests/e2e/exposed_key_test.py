"""A key in a project's .env that git has, or is about to have, is mentioned once; git itself is the oracle, and is never run by the program."""

import subprocess

from harness import require, scenario
from typist import at_terminal


def git(world, *arguments):
    environment = world.environment({"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"})
    return subprocess.run(["git", *arguments], cwd=world.work, env=environment, capture_output=True)


def warnings(world, folder="."):
    rows = world.qwen("doctor", "--json", cwd=world.work / folder).json()["findings"]
    return [row["summary"] for row in rows if row["verdict"] == "warning" and ".env" in row["summary"] and ("git" in row["summary"])]


@scenario
def a_person_is_told_once_and_a_script_is_not(world):
    world.dotenv()
    git(world, "init", "-q")
    screen = at_terminal(world, "tell me").exits(0).err
    require(screen.count(".gitignore") == 1, f"one warning, not {screen!r}")
    world.qwen("-p", "hi").exits(0).says_nothing()
    world.write(".gitignore", ".env\n")
    require(".gitignore" not in at_terminal(world, "tell me").exits(0).err, "no warning of an ignored file")


@scenario
def a_tracked_file_is_found_in_every_form_of_the_index(world):
    world.dotenv()
    git(world, "init", "-q")
    for number in range(40):
        world.write(f"a/{number:02}/file-{number % 7}", "x")
        world.write(f".env{number}", "x")
    world.write(".gitignore", ".env\n")
    require(warnings(world) == [], "an ignored file to be no matter")
    for version in ("2", "4", "3"):
        git(world, "update-index", "--index-version", version)
        git(world, "add", "a", ".gitignore")
        require(warnings(world) == [], f"the file not to be found in an index of version {version}")
        require(git(world, "add", "-f", ".env").returncode == 0, "git to take the file")
        require("tracks" in "".join(warnings(world)), f"the file to be found in an index of version {version}")
        git(world, "rm", "-q", "--cached", ".env")


@scenario
def ignore_files_mean_what_git_says_they_mean(world):
    git(world, "init", "-q")
    values = f"OPENAI_API_KEY={world.key}\nOPENAI_BASE_URL={world.url}\n"
    for folder in ("", "sub/deep/"):
        world.write(folder + ".env", values)
    patterns = [".env", "/.env", "*.env", ".env*", ".e?v", "sub/", "/sub", "sub/deep", "deep/", "**/.env", "**/deep/.env", "sub/**", "sub/*", "/sub/**/.env", "*", "!.env",
                "*\n!.env", ".env\n!/.env", "# .env", "\\.env", ".env ", ".env/", "other", "sub/.env", "deep/.env", "[.]env", "sub/*/.env", ".ENV", ".env\r", "*\n!sub/\n!sub/deep/\n!.env"]
    wrong = []
    for pattern in patterns:
        world.write(".gitignore", pattern + "\n")
        for folder in (".", "sub/deep"):
            said = git(world, "check-ignore", "-q", f"{folder}/.env").returncode == 0
            if said != (warnings(world, folder) == []):
                wrong.append(f"{pattern!r} in {folder}: git says {'ignored' if said else 'not ignored'}")
    require(not wrong, "\n  ".join(["the same as git:", *wrong]))
    world.write(".gitignore", "")
    world.write("sub/.gitignore", "deep\n")
    require(warnings(world, "sub/deep") == [] and warnings(world) != [], "an ignore file further down to count there")
    world.write(".git/info/exclude", ".env\n")
    require(warnings(world) == [], "the repository's own list to count")


@scenario
def a_damaged_index_is_no_reason_to_stop(world):
    world.dotenv()
    git(world, "init", "-q")
    world.write(".gitignore", ".env\n")
    git(world, "add", ".gitignore")
    index = (world.work / ".git/index").read_bytes()
    for content in [b"", b"DIRC", index[:20], index[:70], index[:12] + b"\xff" * 200, index[:8] + b"\xff" * 4 + index[12:], b"DIRC\0\0\0\4" + index[8:]]:
        (world.work / ".git/index").write_bytes(content)
        world.qwen("doctor").exits(0)
