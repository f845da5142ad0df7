"""`Verdict`: what a rank correlation says about whether a cheap score can be trusted."""

from enum import StrEnum


class Verdict(StrEnum):
    """Whether a score can be trusted to rank."""

    TRUSTED = "trusted"  # the interval lies above `TRUSTED`
    NOT_TRUSTED = "not trusted"  # it lies below
    OPEN = "open"  # it covers it, or there are too few pairs
