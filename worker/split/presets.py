"""How long the pieces of a recording should be: two presets, of which a job may set each number. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from worker.split.levels import FRAME_MS

SHORTEST_LIMIT_MS = 2_000


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How long spans should be, in ms.

    From ``soft_ms`` on pauses are remembered; at ``target_ms`` the span ends in the longest of them, or else in the
    first to come; at ``limit_ms`` it ends in any case, at the quietest place among the last ``look_back_ms``.
    A pause is at least ``pause_ms`` long. Silence of ``skip_ms`` ends a span, which keeps ``pad_ms`` of it, as does the
    next one.
    """

    soft_ms: int
    target_ms: int
    limit_ms: int
    look_back_ms: int
    pause_ms: int
    skip_ms: int
    pad_ms: int

    def within(self, limit_ms: int) -> "Preset":
        """The same for a service that takes at most ``limit_ms`` at once; raises ValueError under 2 s."""
        if limit_ms < SHORTEST_LIMIT_MS:
            raise ValueError(f"segments of at most {limit_ms} ms cannot be cut")
        limit_ms = min(self.limit_ms, limit_ms // FRAME_MS * FRAME_MS)
        return replace(
            self,
            limit_ms=limit_ms,
            target_ms=min(self.target_ms, limit_ms),
            soft_ms=min(self.soft_ms, limit_ms // 2),
            look_back_ms=min(self.look_back_ms, limit_ms // 2),
        )


PRESETS: dict[str, Preset] = {  # by the value of `worker.states.Segmentation`
    "document": Preset(
        soft_ms=10_000, target_ms=25_000, limit_ms=55_000, look_back_ms=10_000, pause_ms=300, skip_ms=2_000, pad_ms=300
    ),
    "subtitles": Preset(
        soft_ms=1_200, target_ms=5_000, limit_ms=8_000, look_back_ms=3_000, pause_ms=150, skip_ms=1_000, pad_ms=200
    ),
}
# The least and the most of each number. A service takes 60 s at once; skipping nothing but an hour of silence is never.
BOUNDS: dict[str, tuple[int, int]] = {
    "soft_ms": (0, 59_000),
    "target_ms": (1_000, 59_000),
    "limit_ms": (SHORTEST_LIMIT_MS, 59_000),
    "look_back_ms": (200, 29_000),
    "pause_ms": (50, 5_000),
    "skip_ms": (200, 3_600_000),
    "pad_ms": (0, 2_000),
}


def preset_of(name: str, numbers: Mapping[str, int]) -> Preset:
    """The preset of this name with the numbers that were set; raises ValueError that names what cannot be.

    Those that were not set give way to those that were: a shorter limit brings a shorter target with it.
    """
    if name not in PRESETS:
        if numbers:
            raise ValueError(f"goes with {' or '.join(PRESETS)}: with {name} nothing is cut here")
        return PRESETS["document"]  # for what an earlier attempt has cut
    _check_bounds(numbers)
    preset = _given_way(PRESETS[name], numbers)
    _check_order(preset)
    return preset


def _check_bounds(numbers: Mapping[str, int]) -> None:
    for name, value in numbers.items():
        if name not in BOUNDS:
            raise ValueError(f"{name} is no number of the cut; known are {', '.join(BOUNDS)}")
        least, most = BOUNDS[name]
        if not least <= value <= most:
            raise ValueError(f"{name} must lie between {least} and {most}; got {value}")


def _given_way(preset: Preset, numbers: Mapping[str, int]) -> Preset:
    limit_ms = numbers.get("limit_ms", max(preset.limit_ms, numbers.get("target_ms", 0)))
    target_ms = numbers.get("target_ms", min(preset.target_ms, limit_ms))
    skip_ms = numbers.get("skip_ms", max(preset.skip_ms, numbers.get("pad_ms", 0)))
    rest = {
        "soft_ms": min(preset.soft_ms, target_ms, limit_ms // 2),
        "look_back_ms": min(preset.look_back_ms, limit_ms // 2),
        "pad_ms": min(preset.pad_ms, skip_ms),
        "pause_ms": min(preset.pause_ms, skip_ms),
    }
    return Preset(**{**rest, "limit_ms": limit_ms, "target_ms": target_ms, "skip_ms": skip_ms, **numbers})


def _check_order(preset: Preset) -> None:
    numbers = asdict(preset)
    for low, high in (("soft_ms", "target_ms"), ("target_ms", "limit_ms"), ("look_back_ms", "limit_ms")):
        if numbers[low] > numbers[high]:
            raise ValueError(f"{low} ({numbers[low]}) must not be more than {high} ({numbers[high]})")
    for low in ("pad_ms", "pause_ms"):
        if numbers[low] > preset.skip_ms:
            raise ValueError(f"{low} ({numbers[low]}) must not be more than skip_ms ({preset.skip_ms})")
