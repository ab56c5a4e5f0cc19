"""How the cost of a run grows: medians over sizes, and a straight line through them."""

from programs import median


def fit(points):
    """Least squares through (size, milliseconds): (microseconds for each unit, share of the variation the line explains)."""
    count = len(points)
    mean_x, mean_y = (sum(column) / count for column in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    total = sum((y - mean_y) ** 2 for _, y in points)
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
    return slope * 1000, 1.0 if total == 0 else 1 - rest / total


class Growth:
    def __init__(self, programs):
        self.programs = programs
        self.rows = {}

    def measure(self):
        print(f"\n{'cost of a run against':38} {'sizes and milliseconds':60} {'us a unit':>10} {'R^2':>6}")
        run = self.programs
        self.row("plugin files of the user's", {count: run.ask(run.plain, "gpt-4o", name=str(count), home=run.home_with_plugins(count)) for count in (3, 20, 65, 201)})
        self.row(".env lines", {lines: run.ours("-p", "hi", name=str(lines), cwd=run.project(f"lines-{lines}", run.settings() + "#\n" * (lines - 2)))
                                for lines in (10, 100, 1000, 10_000)})
        self.row("directories up to the .env", {depth: run.ours("-p", "hi", name=str(depth), cwd=self.folder_at(depth)) for depth in (1, 10, 30, 100)})
        self.row("chunks of the answer", {chunks: run.ask(run.plain, f"chunks-{chunks}", name=str(chunks)) for chunks in (20, 200, 2000, 20_000)})
        self.row("kB of prompt", {size // 1000: self.sending(size) for size in (10_000, 100_000, 1_000_000, 8_000_000)})
        return self.rows

    def row(self, name, sized):
        """`sized`: the program to run for each size."""
        programs = [{**program, "name": str(size)} for size, program in sized.items()]
        result = self.programs.measure(*programs, runs=max(5, self.programs.runs // 4))
        points = [(size, median(result[str(size)]["wall_us"]) / 1000) for size in sized]
        slope, explained = fit(points)
        self.rows[name] = {"points": points, "us_a_unit": slope, "r2": explained}
        written = "  ".join(f"{size:,}: {time:.2f}" for size, time in points)
        print(f"{name:38} {written:60} {slope:10.3f} {explained:6.3f}", flush=True)

    def folder_at(self, depth):
        top = self.programs.home / "growth"
        if not top.exists():
            self.programs.project("growth", self.programs.settings())
        folder = top.joinpath(*(f"d{n}" for n in range(depth)))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def sending(self, size):
        run = self.programs
        prompt, _ = run.prompt_of(size)
        return run.ask(run.plain, "gpt-4o", prompt=("-p", "-"), stdin=prompt)
