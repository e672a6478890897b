"""One side of a comparison, a process of its own: trains a cell whenever it is told to and answers with the seconds.

It runs as a file, so that the checkout on the module path is the one that is timed. It reads `run` or `compile` and
writes one number per line; the first line is `ready`.
"""

import json
import os
import sys


def main() -> None:
    """Serves until its input ends."""
    asked = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")  # whatever else prints must not be taken for an answer
    os.dup2(2, 1)

    from bench import train
    from bench.peers import work

    changes = dict(asked["changes"])
    devices = train.configure(devices=changes.pop("devices", None))
    cell = work.cell(asked["cell"])
    ours = work.Ours(cell._replace(axes={**cell.axes, **changes}), devices)
    timed = {"run": ours.run, "compile": ours.compile}
    ours.run()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(timed[line.strip()](), file=answers, flush=True)


if __name__ == "__main__":
    main()
