"""Brent's root finder (1973, ch. 4), one step at a time, so that compiled code can use it for any function.

The steps, the tolerances and the returned point are those of scipy.optimize.brentq with its default rtol.
"""

import math

import numpy as np

from galforge.compiled import compiled

RTOL = 4 * np.finfo(np.float64).eps
MOST = 100  # steps


@compiled()
def begin(a, at_a, b, at_b):
    """State for a bracket [a, b] and the values of the function there, which have opposite signs."""
    # The previous, present and opposite points, their values, and the last two steps.
    state = np.array([a, b, 0.0, at_a, at_b, 0.0, 0.0, 0.0])
    if at_a == 0:
        state[1], state[4] = a, 0.0
    return state


@compiled()
def advance(state, xtol):
    """Set state[1] to the next point to try; True if state[1] is the root."""
    if state[4] == 0:
        return True
    if state[3] != 0 and (state[3] < 0) != (state[4] < 0):
        state[2], state[5] = state[0], state[3]
        state[6] = state[7] = state[1] - state[0]
    if abs(state[5]) < abs(state[4]):
        state[0], state[1], state[2] = state[1], state[2], state[1]
        state[3], state[4], state[5] = state[4], state[5], state[4]
    tolerance = (xtol + RTOL * abs(state[1])) / 2
    half = (state[2] - state[1]) / 2
    if state[4] == 0 or abs(half) < tolerance:
        return True
    previous, present, opposite = state[0], state[1], state[2]
    at_previous, at_present, at_opposite = state[3], state[4], state[5]
    step = earlier = half
    if abs(state[6]) > tolerance and abs(at_present) < abs(at_previous):
        if previous == opposite:
            attempt = -at_present * (present - previous) / (at_present - at_previous)
        else:
            slope = (at_previous - at_present) / (previous - present)
            across = (at_opposite - at_present) / (opposite - present)
            attempt = -at_present * (at_opposite * across - at_previous * slope)
            attempt /= across * slope * (at_opposite - at_previous)
        if 2 * abs(attempt) < min(abs(state[6]), 3 * abs(half) - tolerance):
            earlier, step = state[7], attempt
    state[6], state[7] = earlier, step
    state[0], state[3] = present, at_present
    if abs(step) > tolerance:
        state[1] = present + step
    else:
        state[1] = present + math.copysign(tolerance, half)
    return False
