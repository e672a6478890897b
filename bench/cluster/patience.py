"""How often a program whose workers died is begun again: is it to blame, or do workers die whatever they train?"""

import dataclasses
import math
from collections import Counter

TRIES = 3
"""Beginnings of a program after which it is given up, where no worker has died under programs that came back."""

MOST = 20
"""Beginnings after which it is given up whatever happens elsewhere."""

SURE = 16
"""Programs that have to come back before it is known how often workers die."""

BY_CHANCE = 1e-6
"""Probability of so many deaths in a row under which they are not chance."""


@dataclasses.dataclass
class Patience:
    """Counts under which programs workers died.

    Attributes:
        begun: key of a program that has not come back -> how often a worker began it.
        back: programs that came back.
        innocent: workers that died under programs that came back later.
    """

    begun: Counter[str] = dataclasses.field(default_factory=Counter)
    back: int = 0
    innocent: int = 0

    def returned(self, key: str) -> None:
        """A program came back."""
        self.back += 1
        self.innocent += max(0, self.begun.pop(key, 1) - 1)

    @property
    def sure(self) -> bool:
        """Whether enough programs have come back to blame another one."""
        return self.back >= SURE

    @property
    def tries(self) -> int:
        """Beginnings after which a program is given up.

        If beginnings of blameless programs end in a death with probability p, n of them do so in a row with p^n.
        """
        if not self.innocent:
            return TRIES
        dying = self.innocent / (self.innocent + self.back)
        return min(MOST, max(TRIES, math.ceil(math.log(BY_CHANCE) / math.log(dying))))
