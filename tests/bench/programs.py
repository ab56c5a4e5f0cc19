"""What scripts/bench runs: the local provider, this program and curl on it, and the stopwatch (measure.cpp)."""

import json
import pathlib
import shutil
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KEY = "bench-key"


class Programs:
    """Starts the servers in `folder` for a build; stop() ends them. Everything it runs has a home of its own and no other environment."""

    def __init__(self, build, folder, runs):
        self.build = build
        self.folder = folder
        self.runs = runs
        self.home = folder / "home"
        self.home.mkdir(mode=0o700)
        self.servers = []
        certificates = folder / "certificates"
        subprocess.run([ROOT / "tests" / "make_certificates", certificates], check=True)
        self.ca = certificates / "ca.pem"
        self.plain = self.serve()
        self.tls = self.serve("--tls", certificates / "valid.pem", certificates / "valid.key")
        self.make_system_store(certificates)

    def serve(self, *arguments):
        process = subprocess.Popen([self.build / "bin" / "loopback_provider", "--key", KEY, *map(str, arguments)], stdout=subprocess.PIPE)
        self.servers.append(process)
        return json.loads(process.stdout.readline())["base_url"] + "/v1"

    def stop(self):
        for process in self.servers:
            process.terminate()
            process.wait()

    def make_system_store(self, certificates):
        """The system's store in both of its forms, each with the test authority added: a bundle and a hashed directory."""
        self.bundle = self.folder / "bundle.pem"
        self.bundle.write_text(pathlib.Path("/etc/ssl/certs/ca-certificates.crt").read_text() + self.ca.read_text())
        self.store = self.folder / "store"
        shutil.copytree("/etc/ssl/certs", self.store, ignore=shutil.ignore_patterns("ca-certificates.crt", "java"))
        for link in (certificates / "hashed").iterdir():
            shutil.copy(link, self.store)

    def ours(self, *arguments, name="ours", cwd=None, env=None, stdin=None, home=None):
        environment = {"HOME": str(home or self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **(env or {})}
        return {"name": name, "argv": [str(self.build / "bin" / "qwen"), *map(str, arguments)], "cwd": str(cwd or self.home), "stdin": str(stdin or ""),
                "env": [f"{key}={value}" for key, value in environment.items()]}

    def ask(self, url, model, name="ours", prompt=("-p", "hi"), **options):
        return self.ours("--openai-api-key", KEY, "--openai-base-url", url, "-m", model, *prompt, name=name, **options)

    def curl(self, url, model, *arguments, body=None, name="curl"):
        request = body or json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": True})
        return {"name": name, "cwd": str(self.home), "env": ["PATH=/usr/bin:/bin", f"HOME={self.home}"],
                "argv": ["/usr/bin/curl", "-sN", *map(str, arguments), "-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {KEY}",
                         "-d" if body is None else "--data-binary", request, f"{url}/chat/completions"]}

    def project(self, name, dotenv):
        """A folder with a .env of this text, below the home."""
        folder = self.home / name
        folder.mkdir(mode=0o700)
        file = folder / ".env"
        file.touch(mode=0o600)
        file.write_text(dotenv)
        return folder

    def settings(self):
        return f"OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL={self.plain}\n"

    def home_with_plugins(self, count):
        """A home whose user has `count` plugins, none of them wanted."""
        home = self.folder / f"plugins-{count}"
        plugins = home / ".qwen" / "plugins"
        plugins.mkdir(parents=True, mode=0o700)
        image = (self.build / "lib" / "qwen" / "plugins" / "openai_compat.so").read_bytes()
        for number in range(count):
            # Ids and flags of their own, of the same length: the note stays what it is.
            own = image.replace(b"openai_compat", b"another_%05d" % number).replace(b"--openai-", b"--a%05d-" % number)
            (plugins / f"another_{number:05}.so").write_bytes(own)
        return home

    def prompt_of(self, size):
        """A file with about `size` bytes of prose, and one with the request that holds them."""
        text = "The quick brown fox jumps over the lazy dog. " * (size // 45)
        prompt, body = self.folder / f"prompt-{size}", self.folder / f"body-{size}.json"
        prompt.write_text(text)
        body.write_text(json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": text}], "stream": True}))
        return prompt, body

    def measure(self, *programs, runs=None):
        """Each program's series of wall_us, cpu_us, rss_kib, first_us and delay_us, by name. They take turns; one run before is not counted."""
        order = {"runs": runs or self.runs, "programs": list(programs)}
        done = subprocess.run([self.build / "bin" / "bench_measure"], input=json.dumps(order), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        for program in programs:
            code = result[program["name"]]["exit_code"]
            if code != 0:
                raise SystemExit(f"bench: {program['name']} ended with exit code {code}; try it: {program['argv']}")
        return result

    def system_calls(self, program):
        """How many system calls one run makes; None without strace."""
        if shutil.which("strace") is None:
            return None
        trace = self.folder / "trace"
        environment = dict(entry.split("=", 1) for entry in program["env"])
        subprocess.run(["strace", "-f", "-qq", "-o", trace, *program["argv"]], env=environment, cwd=program["cwd"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=True)
        return sum(1 for line in trace.read_text(errors="replace").splitlines() if "(" in line and "<... " not in line)


def median(values):
    return statistics.median(values)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
