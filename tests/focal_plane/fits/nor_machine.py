"""The blocks that ``counter_costs.py`` costs, as programs on registers that can only do what the sensor's can."""

from __future__ import annotations

import numpy as np

INPUT, TAP = "X", "T1"  # T1 to T4 are temporaries; T1 receives the weight and gives the product


class NorMachine:
    """Bit planes by name; an instruction writes a register that it does not read and takes one word."""

    def __init__(self):
        self.planes: dict[str, np.ndarray] = {}
        self.icw = 0
        self.most_held = 0

    def write(self, target: str, value: np.ndarray, sources: tuple[str, ...]) -> None:
        assert target not in sources and len(sources) <= 4
        self.planes[target] = value
        self.icw += 1
        self.most_held = max(self.most_held, sum(name.startswith("held") for name in self.planes))

    def nor(self, target: str, *sources: str) -> None:
        self.write(target, ~np.logical_or.reduce([self.planes[name] for name in sources]), sources)

    def either(self, target: str, *sources: str) -> None:
        self.write(target, np.logical_or.reduce([self.planes[name] for name in sources]), sources)

    def move(self, target: str, source: str) -> None:
        self.write(target, self.planes[source], (source,))

    def free(self, name: str) -> None:
        del self.planes[name]

    def xnor(self, target: str) -> None:
        """``target`` = INPUT xnor T1; needs T2 to T4."""
        self.nor("T2", INPUT, "T1")
        self.nor("T3", INPUT, "T2")
        self.nor("T4", "T1", "T2")
        self.nor(target, "T3", "T4")

    def ternary_product(self) -> None:
        """T2 = (INPUT and plus) or (not INPUT and minus), with not plus in T1 and not minus in T2."""
        self.nor("T3", INPUT)
        self.nor("T4", "T3", "T1")
        self.nor("T1", INPUT, "T2")
        self.either("T2", "T1", "T4")

    def half_add(self, bit: str, carry: str) -> None:
        """``bit``, ``carry`` = their sum and carry; needs T2 to T4."""
        self.nor("T2", bit, carry)
        self.nor("T3", bit)
        self.nor("T4", carry)
        self.nor(carry, "T3", "T4")
        self.nor(bit, "T2", carry)

    def full_add(self, a: str, b: str, c: str) -> None:
        """``a``, ``b`` = sum and carry of ``a``, ``b`` and ``c``; needs T2 to T4 and leaves ``c`` free."""
        self.nor("T2", a, b)
        self.nor("T3", a, "T2")
        self.nor("T4", b, "T2")
        self.nor(a, "T3", "T4")
        self.nor("T3", a, c)
        self.nor("T4", a, "T3")
        self.nor(b, c, "T3")
        self.nor(a, "T4", b)
        self.nor(b, "T2", "T3")


def count_by_ripple(machine: NorMachine, products: np.ndarray) -> list[str]:
    """Counts the planes ``products``, which appear in T1 one by one; returns the bits, lowest first."""
    bits: list[str] = []
    for tap, product in enumerate(products, 1):
        machine.planes[TAP] = product
        top = tap.bit_length() - 1
        for bit in bits[:top]:
            machine.half_add(bit, TAP)
        if tap == 1 << top:
            bits.append(f"held{top}")
            machine.move(bits[top], TAP)
        else:
            machine.either("T2", bits[top], TAP)
            machine.move(bits[top], "T2")
    return bits


class CarrySaveCounter:
    """Holds one or two planes per weight; a third one is added at once."""

    def __init__(self, machine: NorMachine):
        self.machine = machine
        self.weights: list[list[str]] = []
        self.names = iter(range(10**6))

    def count(self, products: np.ndarray) -> list[str]:
        """Counts the planes ``products``; a product is made where it is wanted."""
        for product in products:
            is_third = bool(self.weights) and len(self.weights[0]) == 2
            name = TAP if is_third else f"held{next(self.names)}"
            self.machine.planes[name] = product
            self.machine.most_held = max(self.machine.most_held, sum(n.startswith("held") for n in self.machine.planes))
            self._add(0, name)
        weight = 0
        while weight < len(self.weights):
            if len(self.weights[weight]) == 2:
                bit, carry = self.weights[weight]
                self.machine.half_add(bit, carry)
                self.weights[weight] = [bit]
                self._add(weight + 1, carry)
            weight += 1
        return [bit for (bit,) in self.weights]

    def _add(self, weight: int, name: str) -> None:
        if weight == len(self.weights):
            self.weights.append([])
        held = self.weights[weight]
        if len(held) < 2:
            held.append(name)
            return
        total, carry = held
        self.machine.full_add(total, carry, name)
        self.machine.free(name)
        self.weights[weight] = [total]
        self._add(weight + 1, carry)


def at_least(machine: NorMachine, bits: list[str], threshold: int) -> np.ndarray:
    """``count >= threshold`` for a threshold that all pixels share."""
    above = None
    for index, bit in enumerate(bits):
        is_set = (threshold - 1) >> index & 1
        if above is None:
            above = None if is_set else bit
        elif is_set:
            machine.nor("T1", above)
            machine.nor("T2", bit)
            machine.nor(above := "T3" if above != "T3" else "T4", "T1", "T2")
        else:
            source, above = above, "T3" if above != "T3" else "T4"
            machine.either(above, source, bit)
    return np.zeros_like(machine.planes[bits[0]]) if above is None else machine.planes[above]


def at_least_plane(machine: NorMachine, bits: list[str], thresholds: np.ndarray) -> np.ndarray:
    """``count >= threshold`` for a threshold of each pixel's own: the majority of bit, inverted threshold and below."""
    first = np.ones_like(machine.planes[bits[0]])
    machine.planes["result"] = first  # equal so far
    for index, bit in enumerate(bits):
        machine.planes["T1"] = (thresholds >> index & 1).astype(bool)
        machine.nor("T2", "T1")
        machine.nor("T1", bit, "T2")
        machine.nor("T3", bit, "result")
        machine.nor("T4", "T2", "result")
        machine.nor("result", "T1", "T3", "T4")
    return machine.planes["result"]
