"""Random numbers that depend only on what they are for, and not on order, chunking or the machine."""

import hashlib

import numpy as np


def seed_of(*key: int | str) -> int:
    """A 128-bit seed for a key such as ``(seed, "noise", index)``; equal keys give equal seeds on every machine."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in key)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def generator(*key: int | str) -> np.random.Generator:
    """An independent generator for a key; use one for every kind of draw.

    Philox is counter-based, and numpy documents that its raw bits are the same in all versions.
    """
    return np.random.Generator(np.random.Philox(seed_of(*key)))
