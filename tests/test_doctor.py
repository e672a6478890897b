"""Every check can find something wrong, and says what to do about it."""

import json
import os
import sys
from pathlib import Path

import pytest

from bench import doctor
from bench.errors import InputError
from bench.studies import bugs


@pytest.mark.slow
def test_all_is_well_here_and_json_says_the_same(capsys, tmp_path):
    assert doctor.main(["--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(doctor.CHECKS)
    assert all(line.startswith("ok ") for line in lines)
    assert "A02 quadratic_modes: PASS" in lines[-1]
    assert not list(tmp_path.iterdir())


def test_what_is_wrong_decides_the_exit_status(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "CHECKS", (lambda out: doctor.Check("disk", "full", "make room"), doctor.clock))
    assert doctor.main(["--out", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["disk"] == {"ok": False, "found": "full", "remedy": "make room"}
    assert told["clock"]["ok"]


def test_another_package_of_models_is_noticed_before_it_is_imported(capsys, monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "models")
    assert doctor.main(["--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert f"{tmp_path / 'models'} hides the suite's" in said
    assert "self-test" not in said


def _nothing_there(*_):
    raise InputError("no device")


@pytest.mark.parametrize(
    ("check", "name", "value", "remedy"),
    [
        (doctor.python, "sys.version_info", (3, 10, 1), "use Python 3.11"),
        (doctor.devices, "bench.train.configure", _nothing_there, "no device"),
        (doctor.cores, "bench.doctor._quota", lambda path: 0.5, "--devices 1"),
        (doctor.memory, "bench.doctor.LEAST_MEMORY", 1e18, "close something"),
        (doctor.disk, "bench.doctor.LEAST_DISK", 1e18, "make room"),
        (doctor.clock, "time.time", lambda: 0.0, "s off that of the file system"),
    ],
)
def test_each_has_its_remedy(check, name, value, remedy, monkeypatch, tmp_path):
    monkeypatch.setattr(name, value)
    assert remedy in check(tmp_path).remedy


@pytest.mark.parametrize("call", ["os.link", "os.fsync"])
def test_a_folder_where_nothing_can_be_published(call, monkeypatch, tmp_path):
    def fails(*_):
        raise OSError(95, os.strerror(95))

    monkeypatch.setattr(call, fails)
    assert "not supported" in doctor.writing(tmp_path).remedy
    assert "DESCENTBENCH_CACHE" in doctor.cache(tmp_path).remedy


def test_a_quota_is_read_as_cores(tmp_path):
    path = tmp_path / "cpu.max"
    for text, cores in (("150000 100000\n", 1.5), ("max 100000\n", None), ("", None)):
        path.write_text(text)
        assert doctor._quota(path) == cores


def test_wrong_numbers_fail_the_self_test(monkeypatch, parts, tmp_path):
    wrong = bugs.replace("methods", "sgd", bugs.on_rate(lambda rate: 2 * rate))(parts)
    monkeypatch.setattr("bench.parts.default_parts", lambda: wrong)
    assert "numbers are wrong here" in doctor.self_test(Path(tmp_path)).remedy
