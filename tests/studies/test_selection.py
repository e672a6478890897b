"""Choosing studies by name, id or family."""

import pytest

from bench import studies
from bench.errors import InputError


def test_names_ids_and_families_lead_to_the_same_study():
    study = studies.get("quadratic_modes")
    assert studies.get("A02") is studies.get("a02") is study
    assert study in studies.select(["convex"])
    assert study in studies.select(["all"])


def test_each_study_is_selected_once_in_the_order_asked_for():
    assert [s.id for s in studies.select(["A02", "quadratic_modes", "convex"])].count("A02") == 1


@pytest.mark.parametrize("name", ["quadratic_mode", "A99", "../../etc", ""])
def test_unknown_studies_are_refused(name):
    with pytest.raises(InputError, match="unknown study"):
        studies.get(name)


def test_a_near_miss_gets_a_suggestion():
    with pytest.raises(InputError, match="Did you mean 'quadratic_modes'"):
        studies.get("quadratic_mods")
