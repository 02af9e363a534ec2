"""How long things take beside each other, measured in turns within one run."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def ratio(slow: Callable[[], object], quick: Callable[[], object], *, rounds: int = 5) -> float:
    """Tell how many times longer one thing takes than another.

    Args:
        slow: Is called once a round; its fastest round counts, in processor time.
        quick: As slow.
        rounds: Both are called so often, in turns.
    """
    least = [math.inf, math.inf]
    for _ in range(rounds):
        for place, action in enumerate((slow, quick)):
            start = time.process_time()
            action()
            least[place] = min(least[place], time.process_time() - start)
    return least[0] / least[1]
