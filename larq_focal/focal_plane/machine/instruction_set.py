"""The instructions of one sensor: what its registers allow, and the words that an instruction takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS, OPPOSITE
from larq_focal.focal_plane.machine.forms import ANALOG, FORMS, WORD_FORMS, Form, Parameter
from larq_focal.focal_plane.machine.pixel_array import INPUT, NEIGHBOUR_PORTS, PIXEL, SELECTIONS
from larq_focal.focal_plane.sensor import Sensor

_PORT_TO = {direction: port for port, direction in NEIGHBOUR_PORTS.items()}
_KINDS = {
    "D": "a digital register that can be written",
    "S": "a digital register",
    "A": "an analog register that can be written",
    "V": "an analog register",
    "N": "a direction",
    "N+": "one or more directions joined by |",
}


class InstructionError(ValueError):
    """An instruction that this sensor does not have; the message names it, the fault and the fix."""


@dataclass(frozen=True)
class Instruction:
    """An instruction or macro with its operands, as written: ``Instruction("NOR", ("R5", "R6", "R7"))``."""

    mnemonic: str
    operands: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.mnemonic}({', '.join(self.operands)})"


@dataclass(frozen=True)
class Word:
    """A one-word instruction with the registers that it writes and reads."""

    form: Form
    targets: tuple[str, ...]
    sources: tuple[str, ...]


class InstructionSet:
    """Checks instructions against the registers of ``sensor``, and expands them."""

    def __init__(self, sensor: Sensor):
        self.sensor = sensor
        digital, analog = sensor.digital, sensor.analog
        writable = digital.mask + digital.direction + digital.free + digital.propagation
        ports = tuple(NEIGHBOUR_PORTS) if analog.port else ()
        registers = analog.storage + analog.port + ports if analog.maximum is not None else ()
        self.registers = {
            "D": writable,
            "S": writable + digital.flag + SELECTIONS,
            "A": registers,
            "V": (*registers, PIXEL, INPUT) if registers else (),
            "N": DIRECTIONS,
        }
        duties = {
            **dict(zip(DIRECTIONS, digital.direction, strict=False)),
            **dict(zip(("mask",), digital.mask, strict=False)),
            **dict(zip(("propagation",), digital.propagation, strict=False)),
            **dict(zip(("flag",), digital.flag, strict=False)),
            **dict(zip(("news",), analog.port, strict=False)),
        }
        self._duties = {duty: (register,) for duty, register in duties.items()}
        self.limits = {  # of the numbers that functions of the controller take, both ends included
            "row": (0, _address_space(sensor.height) - 1),
            "column": (0, _address_space(sensor.width) - 1),
            "level": (-(analog.maximum or 0) - 1, analog.maximum or 0),
            "count": (0, sensor.height * sensor.width),
        }
        self._words: dict[Instruction, tuple[Word, ...]] = {}

    def words(self, instruction: Instruction) -> tuple[Word, ...]:
        """The words that the array executes for ``instruction``.

        Raises:
            InstructionError: an unknown mnemonic, a wrong number of operands, an operand that this sensor does not
                have or that cannot stand there, or a register that would be overwritten before it is read.
        """
        if instruction not in self._words:
            try:
                self._words[instruction] = self._expanded(instruction)
            except InstructionError as error:
                raise InstructionError(f"{instruction}: {error}") from None
        return self._words[instruction]

    def _expanded(self, instruction: Instruction) -> tuple[Word, ...]:
        form = _form(instruction)
        values = self._bound(form, instruction.operands)
        if form.effect:
            return (self._word(form, [parameter.name for parameter in form.parameters], values),)
        lines = [_split(line) for line in form.expansion]
        _refuse_overwritten(lines, values | self._duties)
        words = tuple(self._word(*line, values) for line in lines)
        self._refuse_masked_result(form, words, values)
        return words

    def _bound(self, form: Form, operands: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """The operands by the names of the form's parameters, and what follows from directions."""
        values: dict[str, tuple[str, ...]] = {}
        start = 0
        for parameter in form.parameters:
            stop = len(operands) if parameter is form.parameters[-1] else start + 1
            values[parameter.name] = operands[start:stop]
            for operand in values[parameter.name]:
                self._check_kind(parameter, operand)
            start = stop
        for parameter in form.parameters:
            if parameter.kind.startswith("N"):
                values |= self._along(parameter.name, values[parameter.name][0].split("|"))
        return values

    def _along(self, name: str, directions: list[str]) -> dict[str, tuple[str, ...]]:
        return {
            f"port_{name}": tuple(_PORT_TO[direction] for direction in directions),
            f"port_against_{name}": tuple(_PORT_TO[OPPOSITE[direction]] for direction in directions),
            f"registers_of_{name}": tuple(self._duty(direction) for direction in directions),
        }

    def _check_kind(self, parameter: Parameter, operand: str) -> None:
        kind = parameter.kind
        parts = operand.split("|") if kind == "N+" else [operand]
        allowed = self.registers[kind[0]]
        if set(parts) <= set(allowed) and len(set(parts)) == len(parts):
            return
        if not allowed:
            raise InstructionError(f"{self.sensor.name} states no analog range, and so has no analog instructions.")
        raise InstructionError(
            f"{operand} is not {_KINDS[kind]} of {self.sensor.name}; choose from {', '.join(allowed)}."
        )

    def _word(self, form: Form, tokens: list[str], values: dict[str, tuple[str, ...]]) -> Word:
        """The word of ``form`` whose operands are given by the names of values or of duties, or by themselves."""
        targets, sources = _roles(form, tokens)
        word = Word(form, self._resolved(targets, values), self._resolved(sources, values))
        written = [_cell(name, self._duties) for name in word.targets]
        read = [_cell(name, self._duties) for name in (*word.sources, *map(self._duty, form.also_reads))]
        twice = [name for name in word.sources if word.sources.count(name) > 1]
        if twice and form.clock == ANALOG:
            raise InstructionError(f"{twice[0]} counts once, however often it is named; copy it to add it twice.")
        for name in written:
            if written.count(name) > 1:
                raise InstructionError(f"{name} would be written twice at once; name every register once.")
            if name in read:
                raise InstructionError(
                    f"{name} would be read and written at once; write another register, "
                    "or use an in-place form of two words where there is one."
                )
        if {"mask", "propagation"} <= self._duties.keys():
            mask, propagation = self._duty("mask"), self._duty("propagation")
            if mask in written and propagation in written:
                raise InstructionError(f"{mask} masks {propagation}; write them by two instructions.")
        return word

    def _resolved(self, tokens: Iterable[str], values: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
        names: list[str] = []
        for token in tokens:
            names += values[token] if token in values else [self._duty(token)]
        return tuple(names)

    def _duty(self, duty: str) -> str:
        if duty in (PIXEL, INPUT):
            return duty
        if duty not in self._duties:
            raise InstructionError(f"{self.sensor.name} has no {duty} register that this instruction needs.")
        return self._duties[duty][0]

    def _refuse_masked_result(self, form: Form, words: tuple[Word, ...], values: dict[str, tuple[str, ...]]) -> None:
        """A macro that changes the mask register cannot give its result in the register that is masked."""
        if not {"mask", "propagation"} <= self._duties.keys():
            return
        mask, propagation = self._duty("mask"), self._duty("propagation")
        results = {name for p in form.parameters if p.kind == "D" for name in values[p.name]}
        if propagation in results and any(mask in word.targets for word in words):
            raise InstructionError(
                f"it changes {mask}, which masks {propagation}; write another register and move it to {propagation}."
            )


def _address_space(size: int) -> int:
    """How many addresses the rows or columns of an array have: those of 8 bits, or more where ``size`` needs them."""
    return max(256, 1 << (size - 1).bit_length())


def _form(instruction: Instruction) -> Form:
    forms = FORMS.get(instruction.mnemonic)
    if forms is None:
        similar = [name for name in FORMS if name.lower() == instruction.mnemonic.lower()]
        hint = f"did you mean {similar[0]}?" if similar else f"choose from {', '.join(FORMS)}."
        raise InstructionError(f"{instruction.mnemonic} is not an instruction; {hint}")
    for form in forms:
        if form.takes(len(instruction.operands)):
            return form
    raise InstructionError(f"takes other operands: {' or '.join(form.usage for form in forms)}.")


def _split(line: str) -> tuple[Form, list[str]]:
    """The form of one line of an expansion, and its operands without braces."""
    mnemonic, _, rest = line.partition("(")
    tokens = [token.strip(" {}") for token in rest.rstrip(")").split(",") if token.strip()]
    return WORD_FORMS[mnemonic], tokens


def _roles(form: Form, tokens: list[str]) -> tuple[list[str], list[str]]:
    """The tokens that ``form`` writes and those that it reads, with the duties that it writes without naming them."""
    kinds = [parameter.kind for parameter in form.parameters for _ in range(parameter.most)]
    if len(tokens) == len(form.parameters):  # one token may stand for all registers of its parameter
        kinds = [parameter.kind for parameter in form.parameters]
    targets = [token for token, kind in zip(tokens, kinds, strict=False) if kind in "DA"]
    sources = [token for token, kind in zip(tokens, kinds, strict=False) if kind in "SV"]
    return targets + list(form.also_writes), sources


def _cell(name: str, duties: dict[str, tuple[str, ...]]) -> str:
    """The register behind a name: neighbour ports are the neighbours' NEWS."""
    return duties["news"][0] if name in NEIGHBOUR_PORTS else name


def _refuse_overwritten(lines: list[tuple[Form, list[str]]], values: dict[str, tuple[str, ...]]) -> None:
    """An operand must not share its register with another operand that the macro writes earlier."""
    writer: dict[str, str] = {}
    for form, tokens in lines:
        targets, sources = _roles(form, tokens)
        for token in sources:
            for register in values.get(token, ()):
                if register not in NEIGHBOUR_PORTS and writer.get(register, token) != token:
                    raise InstructionError(f"{register} is overwritten before it is read; use another register.")
        for token in targets:
            writer.update(dict.fromkeys(values.get(token, ()), token))
