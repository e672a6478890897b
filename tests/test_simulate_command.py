"""`bench.simulate`: the catalogue's programs on many devices, and bad input."""

import json

import pytest

from bench import simulate


@pytest.mark.slow
def test_the_catalogue_on_more_devices_takes_less_until_something_else_limits_it(capsys):
    assert simulate.main(["--runs", "1e6", "--devices", "1", "10", "1000", "--json"]) == 0
    one, ten, many = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert one["seconds"] > ten["seconds"] > many["seconds"]
    assert many["limit"] != "work"
    assert all(found["seconds"] >= max(found["bounds"].values()) for found in (one, ten, many))
    assert simulate.main(["--runs", "1e6", "--devices", "1"]) == 0
    assert "1,000,000" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "told"), [
    (["--runs", "0"], "--runs: give whole numbers of at least 1"),
    (["--runs", "1.5"], "--runs: give whole numbers of at least 1"),
    (["--devices", "0"], "--devices: give whole numbers of at least 1"),
    (["--bandwidth", "inf"], "--bandwidth inf: give a number above 0"),
    (["--program-seconds", "-1"], "--program-seconds -1: give a number above 0"),
    (["nowhere"], "nowhere holds no result"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_one_sentence(arguments, told, capsys):
    assert simulate.main(arguments) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "words"), [(1.04, "1.0 s"), (100, "1.7 min"), (9000, "2.5 h"), (1e6, "11.6 days"),
                                                (1e9, "31.7 years")])  # fmt: skip
def test_durations_are_read_easily(seconds, words):
    assert simulate.duration(seconds) == words
