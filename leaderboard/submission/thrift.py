"""Reading of Thrift's compact protocol: just enough for the footer and the page headers of a Parquet file.

The source is the protocol's own description (thrift-compact-protocol.md). It is stricter than other readers: what
they would cut to size, merge or guess is refused, so that nobody can be told two things by the same bytes.
"""

from dataclasses import dataclass, field
from typing import Any

from ...errors import InputError

DEEPEST = 12
"""Structs and lists within each other; a footer has seven."""
MOST_VALUES = 100_000
"""Values of a footer; that of a submission has some hundreds."""
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_BITS = {_I16: 16, _I32: 32, _I64: 64}


class ThriftError(InputError):
    """The bytes are no struct of the compact protocol, or one that is cut short."""


@dataclass(frozen=True)
class Struct:
    """The fields of a Thrift struct by number: integers, bytes, structs and lists of these."""

    fields: dict[int, Any] = field(default_factory=dict)

    def number(self, key: int, default: int | None = None) -> int:
        """Return the integer in field `key`, `default` where it is missing; raises ThriftError for anything else."""
        value = self.fields.get(key, default)
        if not isinstance(value, int):
            raise ThriftError(f"number {key} is missing")
        return value

    def text(self, key: int) -> bytes:
        """Return the bytes in field `key`, empty where it is missing; raises ThriftError for anything else."""
        value = self.fields.get(key, b"")
        if not isinstance(value, bytes):
            raise ThriftError(f"text {key} is missing")
        return value

    def inner(self, key: int) -> "Struct":
        """Return the struct in field `key`; raises ThriftError where there is none."""
        value = self.fields.get(key)
        if not isinstance(value, Struct):
            raise ThriftError(f"struct {key} is missing")
        return value

    def texts(self, key: int) -> list[bytes]:
        """Return the texts in field `key`; raises ThriftError for anything else."""
        value = self.fields.get(key)
        if not isinstance(value, list) or not all(isinstance(one, bytes) for one in value):
            raise ThriftError(f"list {key} is missing")
        return value

    def structs(self, key: int) -> list["Struct"]:
        """Return the structs in field `key`, none where it is missing; raises ThriftError for anything else."""
        value = self.fields.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, Struct) for one in value):
            raise ThriftError(f"list {key} is missing")
        return value


@dataclass
class Budget:
    """How many values may still be read."""

    values: int = MOST_VALUES

    def spend(self) -> None:
        """Count one value; raises ThriftError where none is left."""
        self.values -= 1
        if self.values < 0:
            raise ThriftError("it holds too many values")


def read_struct(data: bytes, budget: Budget | None = None) -> tuple[Struct, int]:
    """Return the struct at the start of `data` and its length in bytes; raises ThriftError.

    Every field and every item of a list is taken from `budget`.

    >>> read_struct(bytes([0x15, 0x04, 0x00]))
    (Struct(fields={1: 2}), 3)
    """
    reader = _Reader(data, budget or Budget())
    return reader.struct(0), reader.position


class _Reader:
    """A position in bytes that moves on with everything read."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data, self.position, self.budget = data, 0, budget

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        if count < 0 or self.position + count > len(self.data):
            raise ThriftError("it is cut short")
        self.position += count
        return self.data[self.position - count : self.position]

    def unsigned(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ThriftError("a number has more than 64 bits")

    def signed(self, bits: int) -> int:
        value = self.unsigned()
        value = (value >> 1) ^ -(value & 1)
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise ThriftError(f"a number has more than {bits} bits")
        return value

    def struct(self, depth: int) -> Struct:
        found, key = Struct(), 0
        while head := self.byte():
            step, kind = head >> 4, head & 0x0F
            key = key + step if step else self.signed(16)
            self.budget.spend()
            if key < 1 or key in found.fields:
                raise ThriftError(f"field {key} is there twice, or has no number")
            found.fields[key] = kind == _TRUE if kind in (_TRUE, _FALSE) else self.value(kind, depth + 1)
        return found

    def value(self, kind: int, depth: int) -> Any:
        """Return a value of the type `kind`; floating-point numbers as their bytes."""
        if depth > DEEPEST:
            raise ThriftError("it is too deep")
        if kind in _BITS:
            return self.signed(_BITS[kind])
        if kind == _STRUCT:
            return self.struct(depth)
        if kind == _BINARY:
            return self.take(self.unsigned())
        if kind in (_LIST, _SET):
            return self.list(depth)
        if kind in (_TRUE, _FALSE, _BYTE):
            return self.byte()
        if kind == _DOUBLE:
            return self.take(8)
        raise ThriftError(f"a value of type {kind} is not expected")

    def list(self, depth: int) -> list[Any]:
        head = self.byte()
        count = self.unsigned() if head >> 4 == 15 else head >> 4
        if count > len(self.data) - self.position:
            raise ThriftError("a list is longer than its bytes")
        return [self._item(head & 0x0F, depth + 1) for _ in range(count)]

    def _item(self, kind: int, depth: int) -> Any:
        self.budget.spend()
        return self.value(kind, depth)
