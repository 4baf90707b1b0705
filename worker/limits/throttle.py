"""How much of its limits the fleet uses after a service asked for patience: half at once, all again slowly.

Additive increase, multiplicative decrease, as in TCP: a limit that nobody has told us is found from below, and many
workers that share one settle at it. Pure; `worker.limits.scripts` has the same for the whole fleet.
"""

from dataclasses import dataclass

HALVE = 0.5
LEAST = 0.02  # a fleet of any size still sends one segment at a time
RECOVERY_MS = 300_000  # from nothing to all
SAME_MS = 5_000  # refusals that come so close together are answers to what was sent before the first of them


@dataclass(frozen=True)
class Throttle:
    """The share of a limit that may be used, as it was at a moment."""

    share: float = 1.0
    at_ms: float = float("-inf")

    def share_at(self, now_ms: float) -> float:
        """The share that may be used now: it grows back by the clock."""
        if self.share >= 1:
            return 1.0
        return min(1.0, self.share + (now_ms - self.at_ms) / RECOVERY_MS)

    def slowed(self, now_ms: float) -> "Throttle":
        """After one more refusal at this moment."""
        if now_ms - self.at_ms < SAME_MS:
            return self
        return Throttle(max(LEAST, self.share_at(now_ms) * HALVE), now_ms)


def part_of(limit: int, share: float) -> int:
    """A whole number of permits, at least one."""
    return max(1, int(limit * share))
