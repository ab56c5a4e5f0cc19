"""Puts the figures of a run into docs/internals/performance.md: between two marks, so that what people wrote around them stays."""

BEGIN = "<!-- figures: written by scripts/bench --page -->"
END = "<!-- end of figures -->"


def write(path, result):
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"bench: {path} lacks the lines '{BEGIN}' and '{END}'")
    path.write_text(before + BEGIN + "\n" + figures(result) + END + after)


def figures(result):
    facts = result["machine"]
    lines = [f"Measured on {facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}, beside curl {facts['curl']}; preset {facts['preset']}, {result['runs']} pairs, medians.",
             "", "| row | ours | min..max | against | figure | must | aim | reached |", "|---|---|---|---|---|---|---|---|"]
    for name, row in result["rows"].items():
        figure, must, aim = row["written"]
        lines.append(f"| {name} | {row['ours']:.2f} {row['unit']} | {row['min']:.2f}..{row['max']:.2f} | {row['other']:.2f} ({row['against']}) | {figure} | {must} | {aim} | {row['verdict']} |")
    lines += ["", "| one prompt, 20 chunks | wall | CPU | peak memory | first byte | system calls |", "|---|---|---|---|---|---|"]
    for name, row in result["one_shot"].items():
        calls = "-" if row["system_calls"] is None else row["system_calls"]
        lines.append(f"| {name} | {row['wall ms']:.2f} ms | {row['CPU ms']:.2f} ms | {row['peak MiB']:.1f} MiB | {row['first ms']:.2f} ms | {calls} |")
    lines += ["", "| cost of a run against | milliseconds at each size | us a unit (straight line) | R² |", "|---|---|---|---|"]
    for name, row in result["growth"].items():
        points = ", ".join(f"{size:,}: {time:.2f}" for size, time in row["points"])
        lines.append(f"| {name} | {points} | {row['us_a_unit']:.3f} | {row['r2']:.3f} |")
    return "\n".join(lines) + "\n"
