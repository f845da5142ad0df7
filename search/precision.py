"""`Precision`: what matrix products run in while candidates train and are scored."""

from enum import StrEnum


class Precision(StrEnum):
    """What numbers matrix products multiply; whatever it is, they add up in float32, and parameters are float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"  # as many exponents, 8 bits of precision in place of 24
