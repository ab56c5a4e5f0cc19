"""One prompt in full: wall, CPU, memory, first byte and system calls, beside curl and, on request, other programs found on PATH."""

import os
import pathlib
import shutil

from programs import KEY, median

COLUMNS = (("wall_us", "wall ms", 1e-3), ("cpu_us", "CPU ms", 1e-3), ("rss_kib", "peak MiB", 1 / 1024), ("first_us", "first ms", 1e-3))


def print_row(name, figures):
    calls = figures["system_calls"]
    print(f"{name:38} " + " ".join(f"{figures[label]:>10.2f}" for _, label, _ in COLUMNS) + f" {calls if calls is not None else '-':>8}", flush=True)


def figures_of(programs, program, series):
    figures = {label: median(series[key]) * scale for key, label, scale in COLUMNS}
    return {**figures, "system_calls": programs.system_calls(program)}


def measure(programs, peers):
    """Rows by name: medians of each column, and the number of system calls."""
    print(f"\n{'one prompt, 20 chunks':38} " + " ".join(f"{label:>10}" for _, label, _ in COLUMNS) + f" {'syscalls':>8}")
    rows = {}
    groups = {
        "http": (programs.ask(programs.plain, "gpt-4o"), programs.curl(programs.plain, "gpt-4o")),
        "https, one small CA file": (programs.ask(programs.tls, "gpt-4o", env={"SSL_CERT_FILE": programs.ca}), programs.curl(programs.tls, "gpt-4o", "--cacert", programs.ca)),
    }
    for group, pair in groups.items():
        result = programs.measure(*pair)
        for program in pair:
            name = f"{'qwen' if program['name'] == 'ours' else program['name']}, {group}"
            rows[name] = figures_of(programs, program, result[program["name"]])
            print_row(name, rows[name])
    if peers:
        for program in found_peers(programs):
            result = programs.measure(program, runs=3)
            name = f"{program['name']}, http"
            rows[name] = figures_of(programs, program, result[program["name"]])
            print_row(name, rows[name])
    return rows


def found_peers(programs):
    """Other programs on PATH that can ask an OpenAI-compatible server, each with a home of its own and no other server in reach of its settings."""
    asked = {
        # Qwen Code of npm goes by the same name; ours is not on PATH in a build tree.
        "qwen": (["-p", "hi"], {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": programs.plain, "OPENAI_MODEL": "gpt-4o"}),
        "codex": (["exec", "--skip-git-repo-check", "-c", "model_provider=bench", "-c", 'model_providers.bench.name="bench"',
                   "-c", f'model_providers.bench.base_url="{programs.plain}"', "-c", 'model_providers.bench.env_key="OPENAI_API_KEY"',
                   "-c", 'model_providers.bench.wire_api="chat"', "-m", "gpt-4o", "hi"], {"OPENAI_API_KEY": KEY}),
        "llm": (["-m", "gpt-4o", "--no-log", "--key", KEY, "hi"], {"OPENAI_BASE_URL": programs.plain}),
    }
    for name, (arguments, environment) in asked.items():
        program = shutil.which(name)
        if program is None or pathlib.Path(program).resolve().parent == programs.build / "bin":
            continue
        home = programs.folder / f"home-{name}"
        home.mkdir(mode=0o700)
        variables = {"HOME": str(home), "PATH": os.environ["PATH"], "NO_COLOR": "1", **environment}
        yield {"name": name, "argv": [program, *arguments], "cwd": str(home), "env": [f"{key}={value}" for key, value in variables.items()]}
