"""Damage to bytes, seeded: the same seed makes the same damage."""

from __future__ import annotations

import os
import random

TIMES = int(os.environ.get("KIDRAY_SOAK", "1"))  # how many times as much as in a quick run
_EXTREMES = (b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f", b"\xff\xff", bytes(2), b"\xfe\xff\x00\xe0")


def mutant(sound: bytes, chance: random.Random, *, within: int | None = None) -> bytes:
    """Return `sound` damaged in one to sixteen places.

    Parameters
    ----------
    within
        Most damage is done to so many bytes at the beginning; None for anywhere.
    """
    damaged = bytearray(sound)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not damaged:
            break
        reach = len(damaged) if within is None or chance.random() < 0.2 else min(within, len(damaged))
        _damage(damaged, chance.randrange(reach), chance)
    return bytes(damaged)


def _damage(damaged: bytearray, at: int, chance: random.Random) -> None:
    """Do one kind of damage in place: a bit, a byte, a length, a gap, noise, a repeated or moved part."""
    match chance.randrange(8):
        case 0:
            damaged[at] ^= 1 << chance.randrange(8)
        case 1:
            damaged[at] = chance.randrange(256)
        case 2:
            extreme = chance.choice(_EXTREMES)
            damaged[at : at + len(extreme)] = extreme
        case 3:
            del damaged[at : at + chance.choice((1, 2, 3, 8, 64))]
        case 4:
            damaged[at:at] = chance.randbytes(chance.choice((1, 2, 3, 8, 64)))
        case 5:
            part = damaged[at : at + chance.choice((8, 64, 512))]
            damaged[at:at] = part * chance.choice((1, 2, 40))
        case 6:
            other = chance.randrange(len(damaged))
            damaged[at : at + 16], damaged[other : other + 16] = (
                damaged[other : other + 16],
                damaged[at : at + 16],
            )
        case _:
            del damaged[at + chance.randrange(64) :]
