"""How pictures look."""

import pytest

from bench.figures.look import PAPER, SCREEN


@pytest.mark.parametrize(("panels", "beside"), [(0, 1), (1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3), (7, 3)])
def test_panels_stand_in_rows_that_are_about_equally_full(panels, beside):
    assert SCREEN.beside(panels) == beside
    assert PAPER.beside(panels) <= PAPER.columns
