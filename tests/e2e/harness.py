"""A world for one scenario: an empty home, random secrets, a provider on loopback, and the real program run inside it.

Everything a scenario may assert is here, so that a scenario reads as what was typed and what came out. When it ends,
`check_for_leaks` looks for the world's secrets in everything the program wrote.
"""

import inspect
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

STORY = "Once upon a time a small program asked a question and the answer came back word by word at last."

scenarios = {}


def scenario(function):
    """Registers a scenario as FILE/FUNCTION; its name is its sentence."""
    file = pathlib.Path(inspect.getfile(function)).stem.removesuffix("_test")
    scenarios[f"{file}/{function.__name__}"] = function
    return function


class Failure(AssertionError):
    """The program did not do what the scenario says."""


class Skipped(Exception):
    """What the scenario needs cannot be had on this machine; the message says what."""


class Run:
    """One finished run of the program; the assertions return it, so they can be chained."""

    def __init__(self, arguments, code, out, err):
        self.arguments = arguments
        self.code = code
        self.out_bytes = out
        self.err_bytes = err
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")

    def __str__(self):
        return f"  $ {' '.join(map(repr, self.arguments))}\n  exit code {self.code}\n  stdout: {shortened(self.out)}\n  stderr: {shortened(self.err)}"

    def _require(self, condition, what):
        if not condition:
            raise Failure(f"  expected {what}\n{self}")
        return self

    def exits(self, code):
        return self._require(self.code == code, f"exit code {code}")

    def prints(self, text):
        """The whole of stdout is `text` and one newline."""
        return self._require(self.out == text + "\n", f"stdout {text!r}")

    def prints_part(self, *parts):
        for part in parts:
            self._require(part in self.out, f"{part!r} on stdout")
        return self

    def prints_nothing(self):
        return self._require(self.out == "", "nothing on stdout")

    def says_nothing(self):
        return self._require(self.err == "", "nothing on stderr")

    def complains(self, *parts):
        """stderr holds each part, whatever the case of its letters, and no trace of a crash."""
        for part in parts:
            self._require(str(part).lower() in self.err.lower(), f"{part!r} on stderr")
        return self

    def does_not_say(self, *parts):
        for part in parts:
            self._require(part not in self.err and part not in self.out, f"{part!r} nowhere in the output")
        return self

    def json(self):
        """stdout as one JSON document."""
        try:
            return json.loads(self.out)
        except ValueError as problem:
            raise Failure(f"  expected one JSON document ({problem})\n{self}") from None

    def json_lines(self):
        try:
            return [json.loads(line) for line in self.out.splitlines()]
        except ValueError as problem:
            raise Failure(f"  expected JSON on every line ({problem})\n{self}") from None


def shortened(text, limit=1500):
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}... ({len(text)} characters)"


def require(condition, what):
    if not condition:
        raise Failure(f"  expected {what}")


class Provider:
    """tests/loopback_provider, started on a free port."""

    def __init__(self, program, arguments):
        self.process = subprocess.Popen([program, "--port", "0", *arguments], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        ready = json.loads(self.process.stdout.readline())
        self.port = ready["port"]
        self.base_url = ready["base_url"]
        self.url = self.base_url + "/v1"

    def control(self, what, tls=None):
        with urllib.request.urlopen(f"{self.base_url}/__control/{what}", context=tls, timeout=10) as answer:
            return json.load(answer)

    def requests(self, tls=None):
        """What reached the server: method, target, headers (secrets hashed), body."""
        return self.control("log", tls)["requests"]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, build, verbose=False, updates_screens=False):
        self.program = build / "bin" / "qwen"
        self.build = build
        self.source = pathlib.Path(__file__).resolve().parent.parent.parent
        self.verbose = verbose
        self.updates_screens = updates_screens
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="qwen-e2e-"))
        self.home = self.root / "home"
        self.work = self.root / "home" / "project"
        self.temporary = self.root / "temporary"
        for folder in (self.home, self.work, self.temporary):
            folder.mkdir(mode=0o700)
        self.secrets = {}
        self.runs = []
        self.providers = []
        self.written = set()
        self.key = self.secret("sk")
        self._provider = None

    # Secrets and files

    def secret(self, kind):
        """A random value that may appear nowhere but in the request it is for."""
        value = f"{kind}-canary-{secrets.token_hex(16)}"
        self.secrets[value] = kind
        return value

    def write(self, name, content, mode=0o600):
        """A file of the user's, relative to the project folder; its folder is made."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        self.written.add(path.resolve())
        return path

    def in_home(self, name):
        return pathlib.Path("..") / name

    def dotenv(self, **values):
        """.env of the project, made of the values given and, unless given, of this world's key and server."""
        values = {"OPENAI_API_KEY": self.key, "OPENAI_BASE_URL": self.url, **values}
        return self.write(".env", "".join(f"{name}={value}\n" for name, value in values.items() if value is not None))

    # The server

    def start_provider(self, *arguments):
        provider = Provider(self.build / "bin" / "loopback_provider", ["--key", self.key, *map(str, arguments)])
        self.providers.append(provider)
        return provider

    @property
    def provider(self):
        if self._provider is None:
            self._provider = self.start_provider()
        return self._provider

    @property
    def url(self):
        return self.provider.url

    @property
    def flags(self):
        """Key and server as flags."""
        return ["--openai-api-key", self.key, "--openai-base-url", self.url]

    def chats(self):
        """Requests for an answer that reached the first server."""
        return [request for request in self.provider.requests() if request["target"].split("?")[0].endswith("/chat/completions")]

    # The program

    def environment(self, changes=None):
        env = {"HOME": str(self.home), "TMPDIR": str(self.temporary), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb"}
        # Sanitizer builds say through these where their reports go; the program itself knows nothing of them.
        env.update({name: value for name, value in os.environ.items() if name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")})
        env.update(changes or {})
        return {name: value for name, value in env.items() if value is not None}

    def start(self, *arguments, env=None, cwd=None, program=None, **options):
        command = [str(program or self.program), *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment(env), cwd=cwd or self.work, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def finish(self, process, stdin=None, timeout=30):
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Failure(f"  still running after {timeout} s\n{Run(process.args, None, out, err)}") from None
        run = Run(process.args[1:], process.returncode, out, err)
        self.runs.append(run)
        if self.verbose:
            print(run)
        if run.code is not None and run.code < 0 and run.code not in (-signal.SIGINT, -signal.SIGTERM):
            raise Failure(f"  died of signal {-run.code}\n{run}")
        return run

    def qwen(self, *arguments, stdin=None, env=None, cwd=None, program=None, timeout=30):
        """Runs the program to its end. `stdin` None is an empty input, never the terminal of whoever runs the tests."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        source = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        return self.finish(self.start(*arguments, env=env, cwd=cwd, program=program, stdin=source), stdin, timeout)

    def wait_for(self, condition, what, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"  waited {seconds} s for {what}")
            time.sleep(0.005)

    # The end

    def check_for_leaks(self):
        """Looks for every secret in both outputs, in every file the program may have written and in the server's log."""
        places = [(f"stdout of {run.arguments}", run.out_bytes) for run in self.runs] + [(f"stderr of {run.arguments}", run.err_bytes) for run in self.runs]
        for path in self.root.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.resolve() not in self.written and path.stat().st_size < 1 << 26:
                places.append((str(path), path.read_bytes()))
        for provider in self.providers:
            if provider.base_url.startswith("http://"):
                places.append(("log of the server", json.dumps(provider.requests()).encode()))
        for place, content in places:
            for value, kind in self.secrets.items():
                if value.encode() in content:
                    raise Failure(f"  a secret ({kind}) stands in {place}")

    def close(self):
        for provider in self.providers:
            provider.stop()
        shutil.rmtree(self.root, ignore_errors=True)
