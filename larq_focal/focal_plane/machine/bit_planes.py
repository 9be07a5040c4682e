"""One bit per pixel, packed in 64-bit words."""

from __future__ import annotations

import numpy as np

WORD_BITS = 64
DIRECTIONS = ("south", "west", "north", "east")
OPPOSITE = {"south": "north", "west": "east", "north": "south", "east": "west"}


class BitPlanes:
    """How planes of ``height`` x ``width`` pixels lie in memory, and how they are shifted.

    A plane is a flat uint64 array, row by row. Column ``c`` is bit ``c % 64``, least significant first, of word
    ``c // 64`` of its row; the bits after the last column are always clear. North is the row above, east the column
    after.
    """

    def __init__(self, height: int, width: int):
        self.height, self.width = height, width
        self.words_per_row = -(-width // WORD_BITS)
        self.ones = self.pack(np.ones((height, width), bool))
        self.border = {direction: self.pack(_border(height, width, direction)) for direction in DIRECTIONS}
        # A horizontal shift runs over the whole array; what crosses from row to row is masked out.
        self._kept = {direction: self.ones & ~self.border[direction] for direction in ("east", "west")}
        self._carry = self.zeros()
        self._no_bits = self.zeros().tobytes()

    def zeros(self) -> np.ndarray:
        return np.zeros(self.height * self.words_per_row, np.uint64)

    def pack(self, bits: np.ndarray) -> np.ndarray:
        """A plane of the truth values ``[height, width]``."""
        padded = np.zeros((self.height, self.words_per_row * WORD_BITS), bool)
        padded[:, : self.width] = bits
        return np.packbits(padded, bitorder="little").view("<u8").astype(np.uint64)

    def unpack(self, plane: np.ndarray) -> np.ndarray:
        """The truth values ``[height, width]`` of a plane."""
        bits = np.unpackbits(plane.astype("<u8", copy=False).view(np.uint8), bitorder="little")
        return bits.reshape(self.height, -1)[:, : self.width].astype(bool)

    def is_empty(self, plane: np.ndarray) -> bool:
        return plane.tobytes() == self._no_bits

    def neighbours(self, plane: np.ndarray, direction: str, out: np.ndarray) -> None:
        """Writes to ``out``, for every pixel, the bit of its neighbour in ``direction``; 0 beyond the border."""
        row = self.words_per_row
        if direction == "north":
            out[row:] = plane[:-row]
            out[:row] = 0
        elif direction == "south":
            out[:-row] = plane[row:]
            out[-row:] = 0
        elif direction == "east":
            np.right_shift(plane, 1, out=out)
            np.left_shift(plane[1:], WORD_BITS - 1, out=self._carry[:-1])
            self._carry[-1] = 0
            self._join_carry(direction, out)
        else:
            np.left_shift(plane, 1, out=out)
            np.right_shift(plane[:-1], WORD_BITS - 1, out=self._carry[1:])
            self._carry[0] = 0
            self._join_carry(direction, out)

    def _join_carry(self, direction: str, out: np.ndarray) -> None:
        np.bitwise_or(out, self._carry, out=out)
        np.bitwise_and(out, self._kept[direction], out=out)


def _border(height: int, width: int, direction: str) -> np.ndarray:
    bits = np.zeros((height, width), bool)
    edge = {"south": np.s_[-1, :], "north": np.s_[0, :], "west": np.s_[:, 0], "east": np.s_[:, -1]}[direction]
    bits[edge] = True
    return bits
