"""Figures of the rounds: a JSON line each as they come, and tables of medians at the end."""
import json
import statistics
import sys


class Results:
    def __init__(self, path):
        self.file = open(path, "a") if path else None
        self.lines = []

    def add(self, **line):
        self.lines.append(line)
        if self.file:
            print(json.dumps(line), file=self.file, flush=True)
        figures = (f"{key} {short(value)}" for key, value in line.items() if value is not None and key != "scenario")
        print("  " + ", ".join(figures), file=sys.stderr, flush=True)

    def medians(self, row, column, value, where):
        """{row: {column: (median, lowest, highest)}}"""
        cells = {}
        for line in self.lines:
            if line.get(value) is not None and all(line.get(key) == wanted for key, wanted in where.items()):
                cells.setdefault(line[row], {}).setdefault(line.get(column), []).append(line[value])
        return {name: {at: (statistics.median(all_of), min(all_of), max(all_of)) for at, all_of in row_cells.items()}
                for name, row_cells in cells.items()}

    def table(self, title, column, value, reference=None, **where):
        """A row an engine. Each cell: the median, its multiple of the reference's, the range when there were rounds."""
        rows = self.medians("engine", column, value, where)
        columns = list(dict.fromkeys(at for cells in rows.values() for at in cells))
        if not rows:
            return
        print(f"\n{title}")
        print(f"  {'':<26}" + "".join(f"{at if at is not None else '':>30}" for at in columns))
        for name, cells in rows.items():
            print(f"  {name:<26}" + "".join(f"{cell(cells.get(at), rows.get(reference, {}).get(at)):>30}" for at in columns))
        self.tell_failures(where)

    def tell_failures(self, where):
        counts = {}
        for line in self.lines:
            if line.get("failed") and all(line.get(key) == wanted for key, wanted in where.items()):
                counts[line["engine"]] = counts.get(line["engine"], 0) + line["failed"]
        for name, count in counts.items():
            print(f"  FAILURES of {name}: {count}; the JSON lines say more")


def cell(figures, reference):
    if figures is None:
        return "-"
    median, lowest, highest = figures
    text = short(median)
    if reference and reference[0]:
        text += f" x{short(median / reference[0])}"
    return text + (f" ({short(lowest)}..{short(highest)})" if lowest != highest else "")


def short(value):
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
