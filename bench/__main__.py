"""`descentbench <command>`: the same commands as `python -m bench.<command>`."""

import importlib
import sys

from bench.errors import unknown

COMMANDS = {
    "run": "train studies, write their tables and print the verdicts",
    "report": "write one page that says what happened, or the verdicts as Markdown or CSV",
    "figure": "write a figure of a study as PDF, SVG, PNG, CSV or JSON",
    "compare": "say which runs and verdicts differ between two results of one grid",
    "merge": "join results of one plan, such as shards",
    "simulate": "say how long a grid would take on many devices, and what would limit it",
    "clean": "remove results",
    "doctor": "look at the installation and the machine, with a self-test",
    "catalogue": "write the table of studies from the results that come with the suite",
    "reference": "make those results from a run of one's own",
    "optimizers": "rank optimizers on a panel of workloads, with intervals",
    "peers": "train the same with PyTorch, plain JAX and scikit-learn, and compare seconds",
    "speed": "time two checkouts or two configurations in turn",
}
MODULES = {
    "optimizers": "bench.optimizers.__main__",
    "peers": "bench.peers.__main__",
    "report": "bench.report.__main__",
    "speed": "bench.speed.__main__",
}


def main() -> int:
    """Runs the command named first; without a name, says which there are."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("-h", "--help"):
        print("usage: descentbench COMMAND [OPTION ...]\n\ncommands:")
        print("\n".join(f"  {command:10} {text}" for command, text in COMMANDS.items()))
        print("\n`descentbench COMMAND --help` lists the options of a command.")
        return 0
    if name not in COMMANDS:
        print(f"error: {unknown('command', name, COMMANDS)}", file=sys.stderr)
        return 2
    return importlib.import_module(MODULES.get(name, f"bench.{name}")).main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
