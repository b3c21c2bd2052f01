"""Independent streams of random numbers, so that what is shown tells nothing about what is hidden.

torch keeps 32 bits of a seed, few enough to try them all, and whoever sees enough numbers of a
Mersenne twister can continue it.  Here the whole state of a generator comes from a hash of a key:
it cannot be guessed, and one stream says nothing about another.
"""

import hashlib
import struct

import torch

_WORDS = 624  # of the state of a Mersenne twister, each kept in 8 bytes
_HEADER = struct.Struct("<QiiQ")  # seed, numbers left before the next twist, whether seeded, next


def stream(key: bytes) -> torch.Generator:
    """The generator of a key: the same for the same key, unlike any other for another."""
    words = struct.unpack(f"<{_WORDS}I", hashlib.shake_256(key).digest(4 * _WORDS))
    generator = torch.Generator().manual_seed(0)
    fresh = bytes(generator.get_state().tolist())
    state = struct.pack(f"<{_WORDS}Q", *words)
    changed = fresh[: _HEADER.size] + state + fresh[_HEADER.size + len(state) :]
    generator.set_state(torch.frombuffer(bytearray(changed), dtype=torch.uint8))
    return generator


def apart(generator: torch.Generator, *names: str) -> tuple[torch.Generator, ...]:
    """A stream of its own for each name; the next call gives others.

    Nothing that is shown may be drawn from ``generator`` itself, for its state is the key.
    """
    key = hashlib.blake2b(bytes(generator.get_state().tolist())).digest()
    torch.rand((), generator=generator)
    return tuple(stream(key + name.encode()) for name in names)
