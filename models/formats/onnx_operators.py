"""Operators of the patch filter that torch has no ONNX for, or none of booleans that onnxruntime can run.

`TopK` breaks ties by the lower index (the ONNX specification), which makes it the stable sort that the filter needs.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from onnxscript import ir, opset18

Traced = Any  # what the exporter hands in: values of its graph, which have no public type
op: Traced = opset18  # its types are those of arrays, not of what is traced


def stable_sort(
    self: Traced,
    stable: bool = True,
    dim: int = -1,
    descending: bool = False,
) -> tuple[Traced, Traced]:
    """`aten.sort.stable`: the sorted values and their places."""
    del stable  # TopK always is
    values = op.Cast(self, to=ir.DataType.INT32.value) if self.dtype == ir.DataType.BOOL else self
    length = op.Constant(value_ints=[self.shape[dim]])
    ordered: tuple[Traced, Traced] = op.TopK(values, length, axis=dim, largest=int(descending), sorted=1)
    return ordered


def cumulative_sum(self: Traced, dim: int, dtype: int = -1) -> Traced:
    """`aten.cumsum`: of booleans as torch has it, in int64."""
    number = ir.DataType.INT64.value if self.dtype == ir.DataType.BOOL else dtype
    return op.CumSum(self if number == -1 else op.Cast(self, to=number), op.Constant(value_int=dim))


def chosen(condition: Traced, self: Traced, other: Traced) -> Traced:
    """`aten.where.self`: of booleans by logic, as onnxruntime has no `Where` of these."""
    if self.dtype != ir.DataType.BOOL:
        return op.Where(condition, self, other)
    return op.Or(op.And(condition, self), op.And(op.Not(condition), other))


OPERATORS: Mapping[Callable[..., Any], Callable[..., Any]] = {
    torch.ops.aten.sort.stable: stable_sort,
    torch.ops.aten.cumsum.default: cumulative_sum,
    torch.ops.aten.where.self: chosen,
}
