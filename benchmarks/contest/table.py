"""The figures as text: the table of a run, and the shorter one between two comments of the READMEs.

`python -m benchmarks.contest.table` prints the kept figures (benchmarks/results/contest*.json, a kind of processor
each); with `--readme` it writes them into README.md and README.zh-CN.md. Every number there comes from these files.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from ..timing import Timing, median_ratio
from .contestants import CONTESTANTS, OURS
from .networks import NETWORKS, dense_flops

ROOT = Path(__file__).resolve().parents[2]
KEPT = [ROOT / "benchmarks" / "results" / name for name in ("contest.json", "contest-avx2.json")]
BEGIN, END = "<!-- contest: written by python -m benchmarks.contest.table --readme -->", "<!-- end of contest -->"
FEW_ZEROS = ("inverted", "gaussian")  # data of which little can be skipped
QUIET = 1.5  # slowest / fastest round of everybody on a machine that does nothing else
Figures = dict[str, Any]  # what `__main__` keeps: see `Contest.figures`
Rounds = dict[str, Timing]  # contestant -> microseconds a step, one entry a round

PAGES = {
    "README.md": {
        "network": "network, batch, optimizer", "strongest": "strongest peer / Backlit", "goal": "goal",
        "share": "share of peak", "inverted": "… digits inverted", "gaussian": "… Gaussian numbers",
        "none": "Not measured yet: `python -m benchmarks.contest --json benchmarks/results/contest.json`.",
        "caption": "Microseconds a training step, median of {rounds} rounds in turns, {threads} threads, {cpu}, vectors"
        " of {vector_bytes} bytes, {date}. A share of the peak counts zeros as work and can exceed 100 % where they are"
        " skipped.",
    },
    "README.zh-CN.md": {
        "network": "网络、批大小、优化器", "strongest": "最强对手 / Backlit", "goal": "目标", "share": "占峰值",
        "inverted": "……像素反相", "gaussian": "……高斯随机数",
        "none": "尚未测量：`python -m benchmarks.contest --json benchmarks/results/contest.json`。",
        "caption": "每步训练的微秒数，轮流运行 {rounds} 轮取中位数，{threads} 线程，{cpu}，{date}。"
        "向量 {vector_bytes} 字节。占峰值的比例把零也算作运算，跳过零时可以超过 100 %。",
    },
}  # fmt: skip


def rounds_of(figures: Figures, mode: str, network: str) -> Rounds:
    """Return the rounds of everybody who trained `network`."""
    entries = figures["data"][mode][network]
    return {name: Timing(tuple(entry["rounds"])) for name, entry in entries.items() if "rounds" in entry}


def strongest(rounds: Rounds) -> str | None:
    """Return the peer with the smallest median, if any peer took part."""
    peers = [name for name in rounds if name not in OURS]
    return min(peers, key=lambda name: rounds[name].median) if peers else None


def share(figures: Figures, network: str, timing: Timing) -> float:
    """Return the dense FLOPs of a step / its time / the peak of as many threads; `peak` says how to read it."""
    best = max(figures["peak"][str(figures["threads"])]) * 1e9
    return dense_flops(NETWORKS[network]) / (timing.median * 1e-6) / best


def full(figures: Figures, mode: str, network: str) -> str:
    """Return everybody's line for one network, and the line on the strongest."""
    rounds, entries = rounds_of(figures, mode, network), figures["data"][mode][network]
    lines = [f"{network} ({mode}; {dense_flops(NETWORKS[network]) / 1e6:.1f} MFLOP a step)"]
    lines.append(f"  {'':20}{'us a step':>10}  {'min-max':<18}{'/ Backlit':>10}{'/ fit':>8}{'of peak':>9}   loss")
    for name, entry in entries.items():
        lines.append(_line(figures, network, name, entry, rounds))
    best = strongest(rounds)
    if best is not None and "ours" in rounds:
        ratio = median_ratio(rounds[best], rounds["ours"])
        verdict = "faster" if ratio >= 1 else "slower"
        goal = NETWORKS[network].goal if mode == "mnist" else 1.0
        asked = f"asked >= {goal:g} x: {'yes' if ratio >= goal else 'no'}"
        told = f"{CONTESTANTS[best].label}; Backlit is {max(ratio, 1 / ratio):.2f}x {verdict}   {asked}"
        lines.append(f"  strongest peer: {told}")
    noisy = [CONTESTANTS[name].label for name, t in rounds.items() if max(t.seconds) > QUIET * min(t.seconds)]
    if noisy:
        lines.append(f"  NOT A QUIET MACHINE: rounds of {', '.join(noisy)} differ by more than {QUIET}x")
    return "\n".join(lines)


def _line(figures: Figures, network: str, name: str, entry: Figures, rounds: Rounds) -> str:
    label = f"  {CONTESTANTS[name].label:20}"
    if name not in rounds:
        return f"{label}{'-':>10}  {entry['error']}"
    timing = rounds[name]
    ratios = [f"{median_ratio(timing, rounds[o]):.2f}" if o in rounds else "-" for o in OURS]
    ratio = f"{ratios[0]:>10}{ratios[1]:>8}{share(figures, network, timing):>9.0%}"
    return f"{label}{timing.median:>10.0f}  {timing.spread():<18}{ratio}   {entry['losses'][-1]:.3f}"


def header(figures: Figures) -> str:
    """Return what the figures were measured on."""
    peaks = ", ".join(f"{n} thread(s) {max(rounds):.0f} GFLOP/s" for n, rounds in figures["peak"].items())
    versions = ", ".join(figures["versions"].values())
    notes = "\n".join(f"  {c.label:20}{c.note}" for name, c in CONTESTANTS.items() if name in figures["versions"])
    first = f"{figures['cpu']}, {figures['threads']} threads, Python {figures['python']}, {figures['date']}"
    return f"{first}\npeak of fma, float32: {peaks}\n{versions}\n{notes}"


def short(figures: Figures, words: dict[str, str]) -> str:
    """Return the Markdown table of a README."""
    names = [name for name in CONTESTANTS if name in figures["versions"]]
    labels = [CONTESTANTS[name].label for name in names]
    others = [mode for mode in FEW_ZEROS if mode in figures["data"]]
    ratios = [words["strongest"], words["goal"], *(words[mode] for mode in others)]
    rows = [[words["network"], *labels, *ratios, words["share"]]]
    rows.append(["---", *["---:"] * (len(rows[0]) - 1)])
    rows += [_row(figures, network, names, others) for network in figures["data"]["mnist"]]
    facts = {key: figures[key] for key in ("threads", "cpu", "date", "vector_bytes")}
    caption = words["caption"].format(rounds=_count(figures), **facts)
    return "\n".join([*("| " + " | ".join(row) + " |" for row in rows), "", caption])


def _row(figures: Figures, network: str, names: list[str], others: list[str]) -> list[str]:
    rounds = rounds_of(figures, "mnist", network)
    cells = [f"{rounds[name].median:,.0f}" if name in rounds else "–" for name in names]
    of_peak = f"{share(figures, network, rounds['ours']):.0%}" if "ours" in rounds else "–"
    goal = f"{NETWORKS[network].goal:g}"
    ratios = [_ratio(figures, "mnist", network), goal, *(_ratio(figures, mode, network) for mode in others)]
    return [network, *cells, *ratios, of_peak]


def _ratio(figures: Figures, mode: str, network: str) -> str:
    """Return how many times as long the strongest peer takes."""
    rounds = rounds_of(figures, mode, network)
    best = strongest(rounds)
    return "–" if best is None or "ours" not in rounds else f"{median_ratio(rounds[best], rounds['ours']):.2f}"


def _count(figures: Figures) -> int:
    networks = figures["data"]["mnist"].values()
    return statistics.mode(len(e["rounds"]) for entries in networks for e in entries.values() if "rounds" in e)


def kept() -> list[Figures]:
    """Return the figures that are kept and come from the real digits, a processor each."""
    found = [json.loads(path.read_text("utf-8")) for path in KEPT if path.is_file()]
    return [figures for figures in found if is_real(figures)]


def is_real(figures: Figures) -> bool:
    """Say whether figures come from the real digits."""
    return bool(figures["source"].get("mnist", "").startswith("MNIST"))


def rewritten(page: str, text: str, found: list[Figures]) -> str:
    """Return the text of a README with tables between the two comments; without figures, how to get them."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n\n".join(short(figures, PAGES[page]) for figures in found) or PAGES[page]["none"]
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def main() -> None:
    """Print the kept figures, or write them into the READMEs."""
    parser = argparse.ArgumentParser(description="Print or place the figures of the contest.")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md and README.zh-CN.md")
    options, found = parser.parse_args(), kept()
    if options.readme:
        for page in PAGES:
            path = ROOT / page
            path.write_text(rewritten(page, path.read_text("utf-8"), found), "utf-8")
        return
    for figures in found:
        print(header(figures))
        for mode, networks in figures["data"].items():
            for network in networks:
                print("\n" + full(figures, mode, network))
    if not found:
        print(PAGES["README.md"]["none"])


if __name__ == "__main__":
    main()
