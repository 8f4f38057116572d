"""Run the benchmarks: `python -m benchmarks [NAME...]`, all of them where none is named."""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def benchmarks() -> dict[str, str]:
    """Return what each benchmark measures, by name: the first line of its docstring."""
    found = {}
    for file in sorted(FOLDER.glob("bench_*.py")):
        said = ast.get_docstring(ast.parse(file.read_text())) or ""
        found[file.stem.removeprefix("bench_")] = said.partition("\n")[0]
    return found


def main() -> int:
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--list", action="store_true", help="say what each measures, and run none")
    given = parser.parse_args()
    unknown = set(given.names) - set(known)
    if unknown:
        parser.error(f"no benchmark is named {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if given.list:
        for name, said in known.items():
            print(f"{name:12} {said}")
        return 0
    failed = 0
    for name in given.names or known:
        print(f"\n{name}: {known[name]}", flush=True)
        failed |= subprocess.call([sys.executable, "-m", f"benchmarks.bench_{name}"], cwd=FOLDER.parent)
    return failed


if __name__ == "__main__":
    sys.exit(main())
