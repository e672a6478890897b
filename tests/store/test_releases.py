"""Results that every schema version wrote, kept as they were: this version reads them, or says the way out."""

import json
import os
from pathlib import Path

import pytest

from bench import evidence
from bench.store import Folder
from bench.store.folder import SCHEMA_VERSION

RELEASES = Path(__file__).parent / "releases"
VERSIONS = range(1, SCHEMA_VERSION + 1)
GRID = {"data": "iris", "model": "mlp", "depth": [1, 2], "width": 3, "activation": "tanh", "steps": 8, "batch_size": 50}
GRID |= {"learning_rate": [0.1, 1e30], "checkpoints": 4, "probes": "full"}


def _numbers(folder: Folder) -> dict:
    """What an analyst sees of the tables, without seconds."""
    keys = folder.saved()
    found = {}
    for name in ("runs", "curves", "layers", "values", "findings"):
        table = folder.derived(name) if name == "findings" else folder.merged(keys, name)
        if table is not None:
            frame = evidence.frame(table).drop(columns="seconds", errors="ignore")
            found[name] = json.loads(frame.to_json(orient="split", double_precision=9))
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_older_version_wrote_is_read(version, tmp_path):
    """F14. A new version begins with `GOLDEN_UPDATE=1`, which writes what is absent and never what is there."""
    kept = RELEASES / f"schema-{version}"
    if not kept.exists() and os.environ.get("GOLDEN_UPDATE") and version == SCHEMA_VERSION:
        _write(kept)
    folder = Folder(tmp_path / "mine" / "full")
    for file in filter(Path.is_file, (kept / "results").rglob("*")):
        copy = folder.path / file.relative_to(kept / "results")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    assert len(folder.saved()) == 2
    assert all(map(folder.has, folder.saved()))
    assert _numbers(folder) == json.loads((kept / "numbers.json").read_text())
    folder.open(folder.manifest())  # the same plan goes on in it


def test_the_newest_schema_has_its_release():
    assert sorted(path.name for path in RELEASES.iterdir()) == [f"schema-{version}" for version in VERSIONS]


def _write(kept: Path) -> None:
    import bench  # noqa: PLC0415 - trains, which a test does not

    result = bench.run_grid(GRID, name="mine", out=kept / "made")
    result.path.rename(kept / "results")
    (kept / "made" / "mine").rmdir()
    (kept / "made").rmdir()
    (kept / "numbers.json").write_text(json.dumps(_numbers(Folder(kept / "results")), indent=1) + "\n")
    for name in ("runs", "curves", "layers", "values", "programs"):  # made anew from the programs
        (kept / "results" / f"{name}.parquet").unlink(missing_ok=True)
