"""Lanes spread over more devices than divide them evenly: the same runs, with the same numbers within rounding."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bench

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
GRID = """
title = "Seven rates, three seeds"
[grid]
data = "iris"
model = "mlp"
depth = 2
width = 5
batch_size = 16
steps = 40
checkpoints = 10
learning_rate = { logspace = [0.001, 1.0, 7] }
seed = { range = [0, 3] }
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Results of the same grid on 1, 4 and 8 devices, each in a process of its own, two lanes together."""
    folder = tmp_path_factory.mktemp("devices")
    (folder / "uneven.toml").write_text(GRID)
    for devices in (1, 4, 8):
        options = ["--devices", str(devices), "--lanes", "2", "--out", str(folder / str(devices)), "--no-report"]
        command = [sys.executable, "-m", "bench.run", str(folder / "uneven.toml"), "--platform", "cpu", *options]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return {devices: bench.load("uneven", out=folder / str(devices)) for devices in (1, 4, 8)}


@pytest.mark.parametrize("devices", [4, 8])
def test_every_run_is_there_once_with_the_numbers_of_one_device(trained, devices):
    one, many = trained[1], trained[devices]
    assert set(many["programs"]["devices"]) == {devices}
    assert len(many["runs"]) == len(one["runs"]) == 21
    for table, count in (("runs", 21), ("curves", 21 * 5)):
        here, there = one[table], many[table]
        assert len(here) == len(there) == count
        assert list(here.columns) == list(there.columns)
        for column in here.columns.drop("seconds"):
            if here[column].dtype.kind == "f":
                np.testing.assert_allclose(here[column], there[column], rtol=1e-5, atol=1e-7, err_msg=column)
            else:
                assert here[column].astype(str).tolist() == there[column].astype(str).tolist(), column


def test_padding_lanes_are_not_counted(trained):
    for devices, result in trained.items():
        runs = result["runs"]
        assert runs[["learning_rate", "seed"]].drop_duplicates().shape == (21, 2), devices
        assert result["programs"]["lanes"].tolist() == [21]
