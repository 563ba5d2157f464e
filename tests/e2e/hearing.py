"""What a caller hears: how long, and which pitches; and what there is to be heard."""

from __future__ import annotations

import math
import select
import struct
import wave
from pathlib import Path

from tests.e2e.endpoint import Caller


def linear(law: int) -> int:
    """A sample of PCMA."""
    law ^= 0x55
    sign, exponent, mantissa = law & 0x80, (law >> 4) & 7, law & 15
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if sign else -size


def strength(samples: list[int], pitch: int) -> float:
    """How much of that pitch is in a piece of sound, 0 to 1."""
    turn = math.tau * pitch / 8000
    wave = sum(s * complex(math.cos(turn * n), math.sin(turn * n)) for n, s in enumerate(samples))
    energy = sum(s * s for s in samples)
    return 2 * abs(wave) ** 2 / (energy * len(samples)) if energy else 0.0


def pitches(caller: Caller, known: tuple[int, ...] = (200, 523, 659, 784)) -> tuple[int, ...]:
    """The pitches that have come in, one after the other."""
    found: list[int] = []
    while select.select([caller.media], [], [], 0)[0]:
        samples = [linear(byte) for byte in caller.media.recv(2048)[12:]]
        if max(map(abs, samples)) > 500:
            strong = [p for p in known if strength(samples, p) > 0.7]
            found += [p for p in strong if found[-1:] != [p]]
    return tuple(found)


def heard(caller: Caller) -> float:
    """Seconds of sound, not silence, that have come in since it was last asked."""
    loud = 0
    while select.select([caller.media], [], [], 0)[0]:
        packet = caller.media.recv(2048)
        loud += len(set(packet[12:])) > 4
    return loud * 0.02


def write_tone(path: Path, seconds: int) -> Path:
    """A sound file: a tone of that length."""
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        samples = (int(9000 * math.sin(math.tau * 700 * n / 8000)) for n in range(8000 * seconds))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path
