"""Programs are blamed for the deaths of their workers, and not for those that strike them by chance."""

import random

from bench.cluster.patience import BY_CHANCE, MOST, SURE, TRIES, Patience


def after(*deaths):
    """What is known after programs came back, each after so many deaths."""
    found = Patience()
    for key, times in enumerate(deaths):
        for _ in range(times + 1):
            found.begun[str(key)] += 1
        found.returned(str(key))
    return found


def test_where_no_other_worker_dies_three_beginnings_are_enough():
    assert Patience().tries == after(0, 0, 0).tries == TRIES


def test_a_program_that_has_not_come_back_excuses_no_other():
    found = after(0)
    found.begun["lethal"] += TRIES
    assert found.tries == TRIES


def test_so_many_in_a_row_are_no_chance_where_workers_die_under_blameless_programs():
    found = after(1, 0, 0)
    assert found.innocent / (found.innocent + found.back) == 0.25
    assert 0.25**found.tries <= BY_CHANCE < 0.25 ** (found.tries - 1)
    assert after(*[0] * 99, 1).tries == TRIES


def test_there_is_an_end():
    assert after(9, 9, 9).tries == MOST


def test_what_came_back_is_not_kept():
    found = after(2, 0)
    found.returned("its beginning is not known yet")
    assert not found.begun
    assert (found.back, found.innocent) == (3, 2)
    assert not found.sure
    assert after(*[0] * SURE).sure


def test_nothing_is_given_up_where_two_of_five_beginnings_end_in_a_death():
    for seed in range(200):
        chance, found, waiting = random.Random(seed), Patience(), [str(key) for key in range(120)]
        while waiting:
            key = waiting.pop(0)
            found.begun[key] += 1
            if chance.random() < 0.4:
                assert not found.sure or found.begun[key] < found.tries
                waiting.append(key)
            else:
                found.returned(key)
