"""Numbers as they are spelled, and values beyond a limit, into which the engine does not look: it gives up.

JSON and YAML have decimal numbers of any length. An integer is an ``int``. Another number is a ``float`` if its text is
that float's shortest spelling, and otherwise an :class:`ExactNumber`: ``1e2`` and ``19.90`` stay so.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, NoReturn

from arazzo.errors import GaveUpError
from arazzo.limits import current_limits

#: Spellings up to this length without an exponent have at most 15 digits, which every float holds.
_SURE = 16


class ExactNumber(float):
    """A number that no float holds, or spells so, with its text; it is compared and written as that text says."""

    text: str

    def __new__(cls, text: str) -> ExactNumber:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.text,)

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.text)

    def __eq__(self, other: object) -> bool:
        return self.decimal == decimal_of(other) if is_number(other) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return self.decimal < decimal_of(other) if is_number(other) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return self.decimal <= decimal_of(other) if is_number(other) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return self.decimal > decimal_of(other) if is_number(other) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return self.decimal >= decimal_of(other) if is_number(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.decimal)

    def __bool__(self) -> bool:
        return bool(self.decimal)

    def __int__(self) -> int:
        return int(self.decimal)

    __trunc__ = __int__

    @property
    def is_float(self) -> bool:
        """Whether a float has the same value, with another spelling."""
        number = float(self.text)
        if not math.isfinite(number):
            return False
        whole = self.decimal == self.decimal.to_integral_value()  # compared with integers: exactly
        return (Decimal(number) if whole else Decimal(repr(number))) == self.decimal

    def is_integer(self) -> bool:
        """Return whether it is a whole number."""
        decimal = self.decimal
        return decimal == decimal.to_integral_value()

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(self.text, spec)


class Beyond:
    """A value beyond a limit: it stands where it was, and whoever looks into it gives up.

    :ivar limit: which limit, one clause.
    """

    limit: str

    def give_up(self, *_: Any, **__: Any) -> NoReturn:
        """Raise the error that looking into the value leads to.

        :raises GaveUpError: always.
        """
        raise GaveUpError(self.limit)


class BeyondNumber(Beyond, float):
    """A number with more digits, or a larger exponent, than are read."""

    def __new__(cls, limit: str) -> BeyondNumber:
        number = super().__new__(cls, math.nan)
        number.limit = limit
        return number

    def __eq__(self, other: object) -> bool:
        return self.give_up() if is_number(other) else False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self)

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __int__ = Beyond.give_up
    __str__ = __repr__ = __format__ = __float__ = __trunc__ = is_integer = Beyond.give_up


class BeyondValue(Beyond, dict[str, Any]):
    """An object or an array nested deeper than is read, or an answer larger than is read."""

    def __init__(self, limit: str) -> None:
        super().__init__()
        self.limit = limit

    __eq__ = __ne__ = __len__ = __iter__ = __getitem__ = __contains__ = __bool__ = Beyond.give_up
    get = items = keys = values = copy = __str__ = __repr__ = __or__ = __reversed__ = Beyond.give_up


def is_number(value: object) -> bool:
    """Return whether a value is a JSON number, which a boolean is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def decimal_of(number: Any) -> Decimal:
    """Return a number as a decimal: for a float, the shortest one that is read as it."""
    if isinstance(number, ExactNumber):
        return number.decimal
    if isinstance(number, Beyond):
        number.give_up()
    return Decimal(number) if isinstance(number, int) else Decimal(float.__repr__(number))


def same_number(left: Any, right: Any) -> bool:
    """Return whether two numbers are equal as decimals."""
    return bool(left == right) if type(left) is type(right) else decimal_of(left) == decimal_of(right)


def less_number(left: Any, right: Any) -> bool:
    """Return whether one number is less than another as decimals."""
    return bool(left < right) if type(left) is type(right) else decimal_of(left) < decimal_of(right)


def read_integer(text: str) -> int | BeyondNumber:
    """Return the integer that digits spell."""
    most = current_limits().number_digits
    digits = len(text) - text.startswith(("-", "+"))
    try:
        return int(text) if digits <= most else BeyondNumber(_too_long(digits, most))
    except ValueError:  # more digits than Python reads (sys.get_int_max_str_digits)
        return BeyondNumber(_too_long(digits, most))


def read_decimal(text: str) -> float:
    """Return the number that a decimal with a fraction or an exponent spells, exactly."""
    mantissa, _, exponent = text.lower().partition("e")
    if len(text) <= _SURE and not exponent:
        return _spelled(text)
    limits = current_limits()
    digits = sum(map(str.isdigit, mantissa))
    if digits > limits.number_digits:
        return BeyondNumber(_too_long(digits, limits.number_digits))
    if exponent and (len(exponent) > 20 or abs(int(exponent)) > limits.number_exponent):
        most = limits.number_exponent
        return BeyondNumber(f"a number has an exponent beyond {most:,} (number_exponent)")
    return _spelled(text)


def _spelled(text: str) -> float:
    """Return the float whose spelling the text is, otherwise an exact number."""
    number = float(text)
    return number if repr(number) == text and "e" not in text else ExactNumber(text)


def _too_long(digits: int, most: int) -> str:
    return f"a number has {digits:,} digits, more than {most:,} (number_digits)"
