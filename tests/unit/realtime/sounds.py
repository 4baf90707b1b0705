"""Audio made in the test: 16 kHz s16le mono."""

import numpy as np

RATE = 16_000


def silence(ms: int) -> bytes:
    return bytes(ms * 32)


def tone(ms: int, *, amplitude: float = 8_000, hz: float = 220.0, rate: int = RATE) -> bytes:
    samples = np.arange(ms * rate // 1000)
    return _pcm(amplitude * np.sin(2 * np.pi * hz * samples / rate))


def noise(ms: int, *, amplitude: float, seed: int = 0) -> bytes:
    return _pcm(np.random.default_rng(seed).normal(0, amplitude, ms * RATE // 1000))


def mix(*parts: bytes) -> bytes:
    return _pcm(sum(np.frombuffer(part, dtype="<i2").astype(np.float64) for part in parts))


def _pcm(samples: object) -> bytes:
    return bytes(np.clip(np.asarray(samples), -32_768, 32_767).astype("<i2").tobytes())
