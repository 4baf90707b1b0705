"""A sound like speech, made of numbers: syllables of a voice with a melody, and pauses between words.

It says nothing. A recogniser may hear words in it or none; its detector of speech hears speech.
"""

import numpy as np
import numpy.typing as npt

from worker.spec import SAMPLE_RATE

BYTES_PER_S = SAMPLE_RATE * 2

SYLLABLE_S = 0.2
SYLLABLES_A_WORD = 3
PITCH_HZ = 120.0
HARMONICS = 28  # up to 3.4 kHz, as on a telephone
# The two resonances that tell ah, eh, ee, oh and oo apart, in Hz.
VOWELS = ((730, 1090), (530, 1840), (270, 2290), (570, 840), (300, 870))
RESONANCE_WIDTH_HZ = 160.0
LOUDNESS = 0.25  # of full scale, about as recordings of speech are

Wave = npt.NDArray[np.float64]


def speech(seconds: float, seed: int = 0) -> bytes:
    """So much of it, as s16le at 16 kHz; each seed has its own syllables."""
    dice = np.random.default_rng(seed)
    count = int(np.ceil(seconds / SYLLABLE_S))
    syllables = [_syllable(dice, last_of_word=number % SYLLABLES_A_WORD == 2) for number in range(count)]
    wave = np.concatenate(syllables)[: int(seconds * SAMPLE_RATE)] if syllables else np.zeros(0)
    return (wave * 32767).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    """Digital silence of the same form."""
    return bytes(int(seconds * SAMPLE_RATE) * 2)


def _syllable(dice: np.random.Generator, *, last_of_word: bool) -> Wave:
    """A consonant's hiss and a vowel that swells and fades, most of it before a pause where the word ends."""
    samples = int(SYLLABLE_S * SAMPLE_RATE)
    position = np.linspace(0.0, 1.0, samples, endpoint=False)
    swell = np.sin(np.pi * np.clip(position / (0.6 if last_of_word else 1.0), 0.0, 1.0)) ** 0.7
    hiss = dice.normal(0.0, 0.05, samples) * np.exp(-position * 12)
    return LOUDNESS * (swell * _vowel(dice, samples) + hiss)


def _vowel(dice: np.random.Generator, samples: int) -> Wave:
    """The harmonics of a voice, loudest near the vowel's resonances."""
    pitch = PITCH_HZ * dice.uniform(0.85, 1.2)
    time = np.arange(samples) / SAMPLE_RATE
    numbers = np.arange(1, HARMONICS + 1)
    distances = numbers[:, None] * pitch - np.asarray(VOWELS[dice.integers(len(VOWELS))])[None, :]
    loudness = (np.exp(-((distances / RESONANCE_WIDTH_HZ) ** 2)).sum(axis=1) + 0.05) / np.sqrt(numbers)
    wave = (loudness[:, None] * np.sin(2 * np.pi * pitch * numbers[:, None] * time[None, :])).sum(axis=0)
    return np.asarray(wave / np.abs(wave).max(), dtype=np.float64)
