"""The processor's vector registers, as values that a compiled kernel holds in variables.

A register is 4, 8 or 16 float32 numbers side by side, all added or multiplied at once. The compiler finds such work in
loops over arrays by itself, but must first make sure, at every call, that no two arrays overlap, and puts every partial
sum back into memory. A kernel that names its vectors keeps its sums in registers over as many loops as it likes: twice
as fast on rows of a few hundred numbers, more on shorter ones.

Each function stands here twice: in Python, which says what it means (and is what runs under ``NUMBA_DISABLE_JIT=1``),
and below it as the processor's instruction. Arrays are one-dimensional and contiguous. A kernel makes its first vector
with ``zeros``; the others take width and type from it, by the argument ``like``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, models, register_model, type_callable

from nnfromscratch.types import Array

# AVX-512 has 32 registers of 64 bytes; what came before (AVX2, NEON) has 16 of 32 bytes, or is used as if it had.
REGISTER, WIDE = (64, 4) if binding.get_host_cpu_features().get("avx512f") else (32, 2)  # bytes; registers a channel
CHECKED = bool(getattr(numba.config, "BOUNDSCHECK", False))


class Vector(types.Type):
    """So many numbers of one float type."""

    def __init__(self, dtype: types.Type, lanes: int) -> None:
        self.dtype, self.lanes = dtype, lanes
        super().__init__(f"Vector({dtype}, {lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, ir.VectorType(manager.lookup(vector.dtype).get_value_type(), vector.lanes))


def zeros(array: Array, registers: int) -> Array:
    """As many zeros of the array's type as fit into 1, 2, … registers (a constant).

    >>> zeros(np.ones(3), 1).size * 8 in (32, 64)
    True
    """
    return np.zeros(REGISTER * registers // array.itemsize, array.dtype)


@type_callable(zeros)
def _zeros_type(context: Any) -> Any:
    def typer(array: Any, registers: Any) -> Any:
        if isinstance(registers, types.IntegerLiteral):
            return Vector(array.dtype, REGISTER * registers.literal_value * 8 // array.dtype.bitwidth)
        return None

    return typer


@lower_builtin(zeros, types.Array, types.IntegerLiteral)
def _zeros(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return ir.Constant(context.get_value_type(signature.return_type), None)


def lanes(vector: Array) -> int:
    """How many numbers a vector holds."""
    return vector.size


@type_callable(lanes)
def _lanes_type(context: Any) -> Any:
    return lambda vector: types.intp


@lower_builtin(lanes, Vector)
def _lanes(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return context.get_constant(types.intp, signature.args[0].lanes)


def load(array: Array, index: int, count: int | None, like: Array) -> Array:
    """array[index], array[index + 1], … as many as ``like`` holds; with a ``count``, zeros from there on.

    >>> load(np.arange(9.0), 2, 3, np.zeros(4))
    array([2., 3., 4., 0.])
    """
    numbers = np.zeros_like(like)
    numbers[:count] = array[index : index + (like.size if count is None else count)]
    return numbers


@type_callable(load)
def _load_type(context: Any) -> Any:
    return lambda array, index, count, like: like


@lower_builtin(load, types.Array, types.Integer, types.NoneType, Vector)
def _load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    like = signature.return_type
    pointer = _place(context, builder, signature, args, context.get_constant(types.intp, like.lanes), like)
    return builder.load(pointer, align=like.dtype.bitwidth // 8)


@lower_builtin(load, types.Array, types.Integer, types.Integer, Vector)
def _load_some(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    like = signature.return_type
    pointer = _place(context, builder, signature, args, args[2], like)
    vector = context.get_value_type(like)
    mask = _first(builder, args[2], like.lanes)
    function = ir.FunctionType(vector, [pointer.type, ir.IntType(32), mask.type, vector])
    name = f"llvm.masked.load.v{like.lanes}f{like.dtype.bitwidth}.p0"
    masked_load = cgutils.get_or_insert_function(builder.module, function, name)
    align = ir.Constant(ir.IntType(32), like.dtype.bitwidth // 8)
    return builder.call(masked_load, [pointer, align, mask, ir.Constant(vector, None)])


def spread(array: Array, index: int, like: Array) -> Array:
    """array[index] in every lane.

    >>> spread(np.arange(9.0), 2, np.zeros(4))
    array([2., 2., 2., 2.])
    """
    return np.full_like(like, array[index])


@type_callable(spread)
def _spread_type(context: Any) -> Any:
    return lambda array, index, like: like


@lower_builtin(spread, types.Array, types.Integer, Vector)
def _spread(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    number = builder.load(_pointer(context, builder, signature, args, context.get_constant(types.intp, 1)))
    return _everywhere(builder, number, signature.return_type.lanes)


def store(array: Array, index: int, count: int | None, vector: Array) -> None:
    """array[index], array[index + 1], … = the vector's numbers, with a ``count`` the first so many."""
    array[index : index + (vector.size if count is None else count)] = vector[:count]


@type_callable(store)
def _store_type(context: Any) -> Any:
    return lambda array, index, count, vector: types.none


@lower_builtin(store, types.Array, types.Integer, types.NoneType, Vector)
def _store(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    like = signature.args[3]
    pointer = _place(context, builder, signature, args, context.get_constant(types.intp, like.lanes), like)
    builder.store(args[3], pointer, align=like.dtype.bitwidth // 8)
    return context.get_dummy_value()


@lower_builtin(store, types.Array, types.Integer, types.Integer, Vector)
def _store_some(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    like = signature.args[3]
    pointer = _place(context, builder, signature, args, args[2], like)
    mask = _first(builder, args[2], like.lanes)
    function = ir.FunctionType(ir.VoidType(), [args[3].type, pointer.type, ir.IntType(32), mask.type])
    name = f"llvm.masked.store.v{like.lanes}f{like.dtype.bitwidth}.p0"
    masked_store = cgutils.get_or_insert_function(builder.module, function, name)
    builder.call(masked_store, [args[3], pointer, ir.Constant(ir.IntType(32), like.dtype.bitwidth // 8), mask])
    return context.get_dummy_value()


def multiply_add(a: Array, x: Array, y: Array) -> Array:
    """a·x + y, rounded once where the processor can.

    >>> multiply_add(np.array([2.0, 3.0]), np.array([1.0, 2.0]), np.array([10.0, 10.0]))
    array([12., 16.])
    """
    return a * x + y


@type_callable(multiply_add)
def _multiply_add_type(context: Any) -> Any:
    return lambda a, x, y: y


@lower_builtin(multiply_add, Vector, Vector, Vector)
def _multiply_add(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    a, x, y = args
    return builder.fadd(builder.fmul(a, x, flags=("contract",)), y, flags=("contract",))


def totals(vectors: tuple[Array, ...]) -> Array:
    """One vector with the sums of 16 vectors' numbers: halves are added to halves, until one number of each is left.

    >>> totals((np.array([1.0, 2.0, 4.0, 8.0]),) * 16).shape
    (16,)
    """
    return np.array([vector.sum() for vector in vectors])


@type_callable(totals)
def _totals_type(context: Any) -> Any:
    return lambda vectors: Vector(vectors.dtype.dtype, vectors.count)


@lower_builtin(totals, types.UniTuple)
def _totals(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    vectors = cgutils.unpack_tuple(builder, args[0])
    segment = signature.args[0].dtype.lanes
    while segment > 1:
        # Two vectors become one; every segment of it is half as long and belongs to the same original vector.
        half = segment // 2
        starts = range(0, 2 * signature.args[0].dtype.lanes, segment)
        low = [start + k for start in starts for k in range(half)]
        folded = []
        for x, y in zip(vectors[::2], vectors[1::2] or vectors, strict=True):
            lower = builder.shuffle_vector(x, y, _indices(low))
            upper = builder.shuffle_vector(x, y, _indices([k + half for k in low]))
            folded.append(builder.fadd(lower, upper))
        vectors, segment = folded, half
    while len(vectors) > 1:
        both = _indices(range(2 * vectors[0].type.count))
        vectors = [builder.shuffle_vector(x, y, both) for x, y in zip(vectors[::2], vectors[1::2], strict=True)]
    return vectors[0]


def transpose(out: Array, index: int, step: int, x: Array, start: int, next_row: int, like: Array) -> None:
    """A square of as many rows and columns as ``like`` has lanes: x's rows become columns of out.

    Its first number lies at out[index] and x[start], the rows are ``step`` and ``next_row`` numbers apart.

    >>> out, x = np.zeros(4), np.array([1.0, 2.0, 3.0, 4.0])
    >>> transpose(out, 0, 2, x, 0, 2, np.zeros(2))
    >>> out
    array([1., 3., 2., 4.])
    """
    size = range(like.size)
    for i in size:
        out[index + i * step : index + i * step + like.size] = [x[start + j * next_row + i] for j in size]


@type_callable(transpose)
def _transpose_type(context: Any) -> Any:
    return lambda out, index, step, x, start, next_row, like: types.none


@lower_builtin(transpose, types.Array, types.Integer, types.Integer, types.Array, types.Integer, types.Integer, Vector)
def _transpose(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    out, index, step, x, start, next_row, like = zip(args, signature.args, strict=True)
    count = like[1].lanes

    def row(array: Any, first: Any, distance: Any, number: int) -> Any:
        at = builder.add(first[0], builder.mul(distance[0], distance[0].type(number)))
        place = signature.return_type(array[1], first[1])
        return _place(context, builder, place, (array[0], at), context.get_constant(types.intp, count), like[1])

    vectors = [builder.load(row(x, start, next_row, i), align=like[1].dtype.bitwidth // 8) for i in range(count)]
    half = 1
    while half < count:
        # Of each pair of rows, ``half`` apart, change the upper right for the lower left corner of all blocks.
        for i in [i for i in range(count) if not i & half]:
            upper, lower = vectors[i], vectors[i + half]
            left = [count + j - half if j & half else j for j in range(count)]
            right = [count + j if j & half else j + half for j in range(count)]
            vectors[i] = builder.shuffle_vector(upper, lower, _indices(left))
            vectors[i + half] = builder.shuffle_vector(upper, lower, _indices(right))
        half *= 2
    for i, vector in enumerate(vectors):
        builder.store(vector, row(out, index, step, i), align=like[1].dtype.bitwidth // 8)
    return context.get_dummy_value()


def _place(context: Any, builder: Any, signature: Any, args: Any, count: Any, vector: Vector) -> Any:
    """Where a vector begins at args[0][args[1]], ``count`` numbers of which will be touched."""
    pointer = _pointer(context, builder, signature, args, count)
    return builder.bitcast(pointer, context.get_value_type(vector).as_pointer())


def _pointer(context: Any, builder: Any, signature: Any, args: Any, count: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    index = context.cast(builder, args[1], signature.args[1], types.intp)
    if CHECKED:
        (size,) = cgutils.unpack_tuple(builder, array.shape)
        cgutils.do_boundscheck(context, builder, index, size)
        cgutils.do_boundscheck(context, builder, builder.sub(builder.add(index, count), index.type(1)), size)
    return builder.gep(array.data, [index])


def _everywhere(builder: Any, number: Any, count: int) -> Any:
    vector = ir.VectorType(number.type, count)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, first, _indices([0] * count))


def _first(builder: Any, count: Any, size: int) -> Any:
    """True in the first ``count`` of ``size`` lanes."""
    numbers = ir.Constant(ir.VectorType(count.type, size), list(range(size)))
    return builder.icmp_signed("<", numbers, _everywhere(builder, count, size))


def _indices(numbers: Iterable[int]) -> Any:
    numbers = list(numbers)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)
