"""What work costs on this machine is measured, kept, and what estimates go by."""

import json

import numpy as np
import pytest

from bench import calibration, doctor
from bench.cache import costs_file
from bench.calibration import CHECKED, FITTED, Seconds, _counts, calibrate, constants, fit
from bench.errors import InputError
from bench.plan import TYPICAL, Constants, Shard
from bench.planning import Settings, planned
from bench.show import plans
from bench.spec import Grid

SLOW = Constants(1.5, 0.2, 3e-6, 1 / 9e9, 1 / 2e9)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DESCENTBENCH_CACHE", str(tmp_path / "cache"))
    path = costs_file()
    assert path
    return path


@pytest.fixture
def slow(monkeypatch, catalogue):
    """A machine on which work costs what `SLOW` says."""

    def timed(programs, *_):
        split = Constants(*map(float, np.isin(Constants._fields, ("program", "layer"))))
        rows = np.array([_counts(Grid(axes), catalogue) for axes in (*FITTED, CHECKED)])
        assert len(rows) == len(programs)
        return [Seconds(float(row * split @ SLOW), float(row * (1 - np.array(split)) @ SLOW)) for row in rows]

    monkeypatch.setattr(calibration, "timed", timed)


def test_what_is_measured_is_found_again_and_kept(cache, slow, devices):
    found = calibrate(devices)
    np.testing.assert_allclose(found.constants, SLOW, rtol=1e-6)
    assert found.after == pytest.approx(found.measured)
    assert found.before < 0.5 * found.measured
    assert constants(devices) == found.constants
    assert constants(devices[:1]) is TYPICAL  # another number of devices
    assert calibrate(devices).before == pytest.approx(found.measured)


def test_plans_go_by_it_but_not_their_names_nor_shards(cache, slow, devices, trial, catalogue, capsys, tmp_path):
    study, settings = trial(Grid({"data": "iris", "depth": [1, 2], "steps": 3})), Settings("quick", tmp_path, devices)
    before = planned(study, catalogue, settings)
    calibrate(devices)
    after = planned(study, catalogue, settings)
    assert after.seconds > 3 * before.seconds
    assert [one.key for one in after.programs] == [one.key for one in before.programs]
    for plan, said in ((before, "of a laptop with two cores"), (after, "measured here")):
        plans([(study, plan)])
        assert f"Seconds by constants {said}" in capsys.readouterr().out
    shards = [planned(study, catalogue, Settings("quick", tmp_path, devices, shard=Shard(n, 2))) for n in (1, 2)]
    assert sum(shard.seconds for shard in shards) == pytest.approx(before.seconds)


@pytest.mark.parametrize("content", ["", "{", "[]", "{'a': 1}", '{"KIND": 1}', '{"KIND": {"program": 1.0}}', "NAN"])
def test_a_file_that_cannot_be_right_is_passed_over(cache, devices, content):
    facts = {calibration._kind(devices): SLOW._asdict() | {"launch": float("nan")}}
    cache.parent.mkdir(parents=True)
    cache.write_text(json.dumps(facts) if content == "NAN" else content.replace("KIND", calibration._kind(devices)))
    assert constants(devices) is TYPICAL


def test_seconds_that_do_not_fit_are_refused_and_nothing_is_kept(cache, devices, monkeypatch):
    quick_when_deep = [Seconds(1.0, 1.0)] * 3 + [Seconds(0.1, 1.0)] * 2
    monkeypatch.setattr(calibration, "timed", lambda *_: quick_when_deep)
    with pytest.raises(InputError, match="do not fit"):
        calibrate(devices)
    assert not cache.exists()


def test_without_a_cache_it_says_so(monkeypatch, devices):
    monkeypatch.setenv("DESCENTBENCH_CACHE", "off")
    with pytest.raises(InputError, match="DESCENTBENCH_CACHE is 'off'"):
        calibrate(devices)


def test_every_constant_tells_in_some_program(catalogue):
    """Half of what a program is estimated to compile or run, at least."""
    shares = []
    for axes in FITTED:
        parts = np.array(_counts(Grid(axes), catalogue)) * np.array(TYPICAL)
        shares.append(np.concatenate([parts[:2] / parts[:2].sum(), parts[2:] / parts[2:].sum()]))
    assert (np.max(shares, axis=0) >= 0.5).all()


def test_fit_has_no_negative_constant():
    counts = np.array([[1.0, 2, 5, 1, 0], [1, 4, 1, 9, 0], [1, 4, 1, 0, 9], [1, 9, 2, 2, 2]])
    with pytest.raises(InputError, match="do not fit"):
        fit(counts, [Seconds(3.0, 1.0), Seconds(2.0, 1.0), Seconds(2.0, 1.0), Seconds(1.0, 1.0)])


def test_the_command_says_what_it_was_and_what_it_is(cache, slow, capsys, tmp_path):
    assert doctor.main(["--calibrate"]) == 0
    said = capsys.readouterr().out
    assert "9 GFLOP/s, 2 in thin batches; 3 us a kernel; 1.5 s to compile a program and 0.2 s a layer" in said
    assert "before, and" in said
    assert doctor.main(["--calibrate", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["estimated_before"] == pytest.approx(told["measured_seconds"])
    assert "measured here" in doctor.estimates(tmp_path).found
