"""The rows of scripts/bench that have a target, and how each is measured. Reasons: docs/internals/performance-targets.md."""

import json
import subprocess

from programs import median, percentile

# Row: (what it is compared with, how the figure is written, must, aim).
TARGETS = {
    "1 --version": ("wall, an empty C program", "{:.2f}x", 2.5, 2.0),
    "1 --help": ("wall, an empty C program", "{:.2f}x", 2.5, 2.0),
    "2 one-shot, http": ("wall, curl", "{:.2f}x", 1.2, 0.6),
    "3 one-shot, https, system CA store": ("wall, curl with the same store", "{:.2f}x", 0.5, 0.3),
    "4 one-shot, https, one small CA file": ("wall, curl", "{:.2f}x", 1.2, 0.9),
    "5 first byte printed": ("ms later than curl", "{:+.2f} ms", 2.0, 0.0),
    "6 paced chunk, p50": ("delay, curl", "{:.2f}x", 1.25, 1.1),
    "6 paced chunk, p99": ("delay, curl", "{:.2f}x", 2.0, 1.5),
    "7 CPU for each chunk, to 20,000": ("CPU, curl", "{:.2f}x", 5.0, 2.0),
    "7 memory, 20,000 chunks against 20": ("MiB more", "{:+.2f} MiB", 1.0, 0.25),
    "8 peak memory, https": ("MiB more than curl", "{:+.2f} MiB", 3.0, 0.0),
    "9 200 plugin files against 2": ("ms more", "{:+.2f} ms", 1.0, 0.2),
    "10 .env of 1,000 lines": ("ms more", "{:+.2f} ms", 0.3, 0.15),
    "10 .env found at depth 50": ("ms more", "{:+.2f} ms", 0.5, 0.25),
    "11 1 MB of prompt": ("wall, curl sending the same", "{:.2f}x", 1.5, 1.2),
    "11 8 MB of prompt": ("wall, curl sending the same", "{:.2f}x", 2.0, 1.3),
    "12 isolated plugin, first use": ("ms more than in process", "{:+.2f} ms", 2.0, 1.0),
    "12 isolated plugin, each further call": ("ms more than in process", "{:+.3f} ms", 0.1, 0.02),
    "13 refreshes by 200 processes": ("calls of the token endpoint", "{:.0f}", 1.0, 1.0),
    "13 refreshes by 1,000 processes": ("calls of the token endpoint", "{:.0f}", 1000.0, 1.0),
}
MANY_PROCESSES = (2, 50, 200, 1000)


class Rows:
    """The table: one method for each group of rows, printed as they are measured."""

    def __init__(self, programs):
        self.programs = programs
        self.rows = {}

    def measure(self):
        print(f"{'':38} {'ours':>9} {'':4} {'min..max':>18} {'other':>9} {'figure':>10} {'must':>10} {'aim':>10}  reached")
        for group in (self.start_up, self.one_shot, self.streams, self.surroundings, self.bodies, self.isolation, self.refreshes):
            group()
        return self.rows

    def row(self, name, ours, other, figure, unit):
        what, form, must, aim = TARGETS[name]
        verdict = "aim" if figure <= aim else "must" if figure <= must else "MISSED"
        spread = f"{min(ours):.2f}..{max(ours):.2f}"
        self.rows[name] = {"against": what, "unit": unit, "ours": median(ours), "min": min(ours), "max": max(ours), "other": median(other),
                           "figure": figure, "must": must, "aim": aim, "verdict": verdict, "written": [form.format(value) for value in (figure, must, aim)]}
        written = self.rows[name]["written"]
        print(f"{name:38} {median(ours):9.2f} {unit:4} {spread:>18} {median(other):9.2f} {written[0]:>10} {written[1]:>10} {written[2]:>10}  {verdict}", flush=True)

    def ratio(self, name, ours, other, unit="ms", scale=1e-3):
        ours, other = [value * scale for value in ours], [value * scale for value in other]
        self.row(name, ours, other, median(ours) / median(other), unit)

    def difference(self, name, ours, other, unit="ms", scale=1e-3):
        ours, other = [value * scale for value in ours], [value * scale for value in other]
        self.row(name, ours, other, median(ours) - median(other), unit)

    def start_up(self):
        run = self.programs
        empty = {"name": "empty", "argv": [str(run.build / "bin" / "bench_empty")]}
        for flag in ("--version", "--help"):
            result = run.measure(run.ours(flag), empty)
            self.ratio(f"1 {flag}", result["ours"]["wall_us"], result["empty"]["wall_us"])

    def one_shot(self):
        run = self.programs
        plain = run.measure(run.ask(run.plain, "gpt-4o"), run.curl(run.plain, "gpt-4o"))
        self.ratio("2 one-shot, http", plain["ours"]["wall_us"], plain["curl"]["wall_us"])

        # Each program gets the store as it takes it on Debian: curl the bundle and the directory, ours the directory that holds the same.
        system = run.measure(run.ask(run.tls, "gpt-4o", env={"SSL_CERT_DIR": run.store}),
                             run.curl(run.tls, "gpt-4o", "--cacert", run.bundle, "--capath", run.store))
        self.ratio("3 one-shot, https, system CA store", system["ours"]["wall_us"], system["curl"]["wall_us"])

        small = run.measure(run.ask(run.tls, "gpt-4o", env={"SSL_CERT_FILE": run.ca}), run.curl(run.tls, "gpt-4o", "--cacert", run.ca))
        self.ratio("4 one-shot, https, one small CA file", small["ours"]["wall_us"], small["curl"]["wall_us"])
        self.difference("5 first byte printed", plain["ours"]["first_us"], plain["curl"]["first_us"])
        self.difference("8 peak memory, https", small["ours"]["rss_kib"], small["curl"]["rss_kib"], "MiB", 1 / 1024)

    def streams(self):
        run = self.programs
        paced = "stamp+pace-10+chunks-60"
        result = run.measure(run.ask(run.plain, paced), run.curl(run.plain, paced), runs=max(3, run.runs // 8))
        for share, name in ((50, "6 paced chunk, p50"), (99, "6 paced chunk, p99")):
            ours, other = (percentile(result[who]["delay_us"], share) for who in ("ours", "curl"))
            self.row(name, [ours / 1e3], [other / 1e3], ours / other, "ms")

        few, many = 20, 20_000
        short = run.measure(run.ask(run.plain, f"chunks-{few}"), run.curl(run.plain, f"chunks-{few}"))
        long = run.measure(run.ask(run.plain, f"chunks-{many}"), run.curl(run.plain, f"chunks-{many}"), runs=max(5, run.runs // 4))
        slope = {who: [(cpu - median(short[who]["cpu_us"])) / (many - few) for cpu in long[who]["cpu_us"]] for who in ("ours", "curl")}
        self.ratio("7 CPU for each chunk, to 20,000", slope["ours"], slope["curl"], "us", 1)
        self.difference("7 memory, 20,000 chunks against 20", long["ours"]["rss_kib"], short["ours"]["rss_kib"], "MiB", 1 / 1024)

    def surroundings(self):
        run = self.programs
        result = run.measure(*(run.ask(run.plain, "gpt-4o", name=str(count), home=run.home_with_plugins(count)) for count in (200, 2)))
        self.difference("9 200 plugin files against 2", result["200"]["wall_us"], result["2"]["wall_us"])

        # 256 entries are the most a .env may have; a longer one is made of comments.
        more = "".join(f"OTHER_{n}=value\n" for n in range(254)) + "".join(f"# line {n}\n" for n in range(744))
        short, long = (run.project(name, run.settings() + text) for name, text in (("short", ""), ("long", more)))
        result = run.measure(run.ours("-p", "hi", name="long", cwd=long), run.ours("-p", "hi", name="short", cwd=short))
        self.difference("10 .env of 1,000 lines", result["long"]["wall_us"], result["short"]["wall_us"])

        deep = short.joinpath(*(f"d{n}" for n in range(50)))
        deep.mkdir(parents=True)
        result = run.measure(run.ours("-p", "hi", name="deep", cwd=deep), run.ours("-p", "hi", name="short", cwd=short))
        self.difference("10 .env found at depth 50", result["deep"]["wall_us"], result["short"]["wall_us"])

    def bodies(self):
        run = self.programs
        for megabytes in (1, 8):
            prompt, body = run.prompt_of(megabytes * 1_000_000)
            result = run.measure(run.ask(run.plain, "gpt-4o", prompt=("-p", "-"), stdin=prompt), run.curl(run.plain, "gpt-4o", body=f"@{body}"),
                                 runs=max(5, run.runs // 2))
            self.ratio(f"11 {megabytes} MB of prompt", result["ours"]["wall_us"], result["curl"]["wall_us"])

    def isolation(self):
        build = self.programs.build
        plugin = build / "tests" / "plugins" / "well_behaved.so"
        done = subprocess.run([build / "bin" / "bench_isolation", build / "bin" / "qwen", plugin, "--json"], capture_output=True, text=True, check=True)
        series = json.loads(done.stdout)
        self.difference("12 isolated plugin, first use", series["first_us"]["isolated"], series["first_us"]["direct"])
        self.difference("12 isolated plugin, each further call", series["later_us"]["isolated"], series["later_us"]["direct"])

    def refreshes(self):
        for processes in MANY_PROCESSES:
            program = self.programs.build / "tests" / "torture_refresh_race"
            done = subprocess.run([program, "--processes", str(processes)], capture_output=True, text=True)
            facts = dict(pair.split("=") for pair in done.stdout.split()[1:])
            failures = processes - int(facts["answers"])
            if failures or done.returncode != 0:
                raise SystemExit(f"bench: {failures} of {processes} processes got no token: {done.stdout.strip()}")
            name = f"13 refreshes by {processes:,} processes"
            if name in TARGETS:
                self.row(name, [float(facts["calls"])], [1.0], float(facts["calls"]), "")
