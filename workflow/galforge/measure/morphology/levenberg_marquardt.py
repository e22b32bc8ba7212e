"""Least squares with the steps of MINPACK's Levenberg-Marquardt algorithm, from the normal equations.

Scaling, damping, trust region, the tests and their order are those of More 1978 (Lecture Notes in Mathematics 630,
105), so that a fit takes the same steps and stops at the same one. MINPACK factorises the Jacobian; here only the
products of its columns are known, and a pivoted Cholesky factorisation takes the same pivots. Evaluations are counted
as in MINPACK with forward differences.
"""

import math
from collections.abc import Callable

import numpy as np

from galforge.compiled import compiled

_EVALUATIONS_MAX = 500
_XTOL, _FTOL = 1e-5, 1.49012e-8
_EPS = float(np.finfo(float).eps)
_TINY = float(np.finfo(float).tiny)
# The first trust region, in scaled lengths of the start.
_REACH = 100.0
# Smallest share of a column's squared norm that is independent of the others; a smaller share is a rounding error.
_DEPENDENT = 64.0 * _EPS


@compiled()
def _length(scale, vector):
    total = 0.0
    for i in range(7):
        total += (scale[i] * vector[i]) ** 2
    return math.sqrt(total)


@compiled()
def _solve(lower, rank, order, right, found):
    """Solve L L^T found = right for the first `rank` unknowns of `order`, the others are 0; returns |L^-1 right|^2."""
    part = np.empty(7)
    square = 0.0
    for i in range(rank):
        total = right[order[i]]
        for j in range(i):
            total -= lower[i, j] * part[j]
        part[i] = total / lower[i, i]
        square += part[i] ** 2
    for i in range(rank, 7):
        found[order[i]] = 0.0
    for i in range(rank - 1, -1, -1):
        total = part[i]
        for j in range(i + 1, rank):
            total -= lower[j, i] * found[order[j]]
        found[order[i]] = total / lower[i, i]
    return square


@compiled()
def _correction(lower, rank, order, scale, step, length, reach):
    """Newton's correction of the damping, from the derivative of the scaled length of the step by the damping."""
    right, found = np.empty(7), np.empty(7)
    for i in range(7):
        right[i] = scale[i] ** 2 * step[i] / length
    return (length - reach) / reach / _solve(lower, rank, order, right, found)


@compiled()
def _factor(matrix, damping, scale, lower, order):
    """Cholesky factor of the damped matrix with pivoting, the largest remaining diagonal first as in a pivoted QR
    factorisation of the Jacobian; returns the rank. `order` holds the pivots, `lower` the factor in their order."""
    whole, left = np.empty(7), np.empty(7)
    for j in range(7):
        order[j] = j
        whole[j] = matrix[j, j] + damping * scale[j] ** 2
        left[j] = whole[j]
    for k in range(7):
        best = k
        for j in range(k, 7):
            if left[order[j]] > left[order[best]]:
                best = j
        if not left[order[best]] > 0.0:
            return k
        order[k], order[best] = order[best], order[k]
        for j in range(k):
            lower[k, j], lower[best, j] = lower[best, j], lower[k, j]
        lower[k, k] = math.sqrt(left[order[k]])
        for i in range(k + 1, 7):
            total = matrix[order[i], order[k]]
            for j in range(k):
                total -= lower[i, j] * lower[k, j]
            lower[i, k] = total / lower[k, k]
            left[order[i]] -= lower[i, k] ** 2
            if left[order[i]] <= _DEPENDENT * whole[order[i]]:
                left[order[i]] = 0.0
    return 7


@compiled()
def _propose(products, point, scale, reach, par, trial):
    """The next trial point: the damped step of scaled length `reach`, or the undamped step if it is shorter.

    Args:
        products: of the columns and residuals at `point`; upper triangle.
        scale: of the parameters; it grows to the norms of the columns. The first call has reach < 0 and sets both.
        par: the last damping.
        trial: filled with the trial point.

    Returns:
        reach, damping, scaled length of the step, the squared norm of the Jacobian times it, scaled length of the
        trial point, and the largest cosine between the residuals and a column (NaN if a product is not finite).
    """
    matrix = np.empty((7, 7))
    downhill = np.empty(7)
    cosine, finite = 0.0, 0.0
    for i in range(7):
        for j in range(7):
            matrix[i, j] = products[min(i, j), max(i, j)]
            finite += matrix[i, j] * 0.0
        downhill[i] = -products[i, 7]
        finite += downhill[i] * 0.0
        norm = math.sqrt(matrix[i, i])
        if norm > 0.0 and products[7, 7] > 0.0:
            cosine = max(cosine, abs(downhill[i]) / (norm * math.sqrt(products[7, 7])))
        if reach < 0.0:
            scale[i] = norm if norm > 0.0 else 1.0
        scale[i] = max(scale[i], norm)
    if reach < 0.0:
        reach = _REACH * _length(scale, point)
        if reach == 0.0:
            reach = _REACH

    lower, order, step = np.empty((7, 7)), np.empty(7, np.int64), np.empty(7)
    damping, least, most, excess = 0.0, 0.0, 0.0, 0.0
    for attempt in range(11):
        rank = _factor(matrix, damping, scale, lower, order)
        _solve(lower, rank, order, downhill, step)
        length = _length(scale, step)
        before, excess = excess, length - reach
        if attempt == 0 and excess <= 0.1 * reach:
            break
        if attempt > 0 and (abs(excess) <= 0.1 * reach or (least == 0.0 and excess <= before < 0.0)):
            break
        if attempt == 10:
            break
        correction = _correction(lower, rank, order, scale, step, length, reach)
        if attempt == 0:
            least = correction if rank == 7 else 0.0
            gradient = 0.0
            for i in range(7):
                gradient += (downhill[i] / scale[i]) ** 2
            gradient = math.sqrt(gradient)
            most = gradient / reach if gradient > 0.0 else _TINY / min(reach, 0.1)
            damping = min(max(par, least), most)
            if damping == 0.0:
                damping = gradient / length
        else:
            if excess > 0.0:
                least = max(least, damping)
            elif excess < 0.0:
                most = min(most, damping)
            damping = max(least, damping + correction)
        if damping == 0.0:
            damping = max(_TINY, 0.001 * most)
    linear = 0.0
    for i in range(7):
        trial[i] = point[i] + step[i]
        for j in range(7):
            linear += step[i] * matrix[i, j] * step[j]
    return reach, damping, length, max(linear, 0.0), _length(scale, trial), cosine + finite


def minimise(products_at: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> tuple[np.ndarray, float, int, int]:
    """Minimise a sum of squares over seven parameters.

    Args:
        products_at: gives, at a point (7,), the products (8, 8) of all pairs of the seven columns of the Jacobian and,
            last, the residuals; upper triangle.
        start: (7,).

    Returns:
        The point, the sum of squares there, MINPACK's info, and the number of evaluations.

    Raises:
        FloatingPointError: the derivatives are not finite; products_at may raise it as well.
    """
    point, trial, scale = start.copy(), np.empty(7), np.empty(7)
    products = products_at(point)
    chi2 = float(products[7, 7])
    evaluations, reach, par, extent, accepted = 1, -1.0, 0.0, 0.0, True
    while True:
        first = reach < 0.0
        evaluations += 7 * accepted
        reach, par, length, linear, trial_extent, cosine = _propose(products, point, scale, reach, par, trial)
        if math.isnan(cosine):
            raise FloatingPointError(f"derivatives are not finite at {point.tolist()}")
        if cosine == 0.0:
            return point, chi2, 4, evaluations
        if first:
            reach, extent = min(reach, length), _length(scale, point)
        trial_products = products_at(trial)
        trial_chi2 = float(trial_products[7, 7])
        evaluations += 1

        actual = 1.0 - trial_chi2 / chi2 if 0.01 * trial_chi2 < chi2 else -1.0
        linear, damping = linear / chi2, par * length**2 / chi2
        predicted, slope = linear + 2.0 * damping, -(linear + damping)
        ratio = actual / predicted if predicted != 0.0 else 0.0
        if ratio <= 0.25:
            shrink = 0.5 if actual >= 0.0 else 0.5 * slope / (slope + 0.5 * actual)
            if 0.01 * trial_chi2 >= chi2 or shrink < 0.1:
                shrink = 0.1
            reach = shrink * min(reach, 10.0 * length)
            par /= shrink
        elif par == 0.0 or ratio >= 0.75:
            reach, par = 2.0 * length, 0.5 * par
        accepted = ratio >= 1e-4
        if accepted:
            point, trial = trial, point
            products, chi2, extent = trial_products, trial_chi2, trial_extent

        flat = abs(actual) <= _FTOL and predicted <= _FTOL and ratio <= 2.0
        near = reach <= _XTOL * extent
        if flat or near:
            return point, chi2, flat + 2 * near, evaluations
        if cosine <= _EPS:
            return point, chi2, 8, evaluations
        if evaluations >= _EVALUATIONS_MAX:
            return point, chi2, 5, evaluations
