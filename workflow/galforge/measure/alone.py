"""A table of measurements without a workflow: of images in memory or of a stamps file, by one process or several.

Each family of measures offers it as a function ``of``: ``from galforge.measure import morphology`` and
``morphology.of(images, gain=...)``. What is computed is the family's ``measure``, as in a job of the workflow, so
numbers are the same. The order of the rows and the numbers do not depend on the number of processes.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from galforge import families
from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.measure.arrays import About, ArrayStamps, band_of, opened
from galforge.measure.images import BLOCK, check_finite
from galforge.seeds import seed_of
from galforge.settings import Settings
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import side_of

BATCH = 2 * BLOCK  # stamps; measures take blocks of them, which so are the same whatever the number of processes
WORTH = 5.0  # s of work for one process, from which on it is worth to start others


def table(
    family: str,
    images: Any,
    settings: dict[str, Any],
    about: About,
    *,
    band: int | str = 0,
    noise: float = 0.0,
    seed: int = 0,
    whose: str = "",
    processes: int | None = None,
    finite: bool = True,
) -> pd.DataFrame:
    """The table of a measure, as a job of the workflow makes it, with what is said of it in ``attrs``.

    Args:
        family: of the measure.
        images: see ``galforge.measure.arrays.opened``.
        settings: fields of the family's ``MeasureSettings``.
        about: what has to be known of arrays.
        band: that is measured, by its index or name.
        noise, seed, whose: see ``noise_seed``.
        processes: how many measure; None: one per core.
        finite: whether pixels that are not finite are refused; stamps files have none.

    Raises:
        GalforgeError: images, settings or the band are not what they must be.
    """
    chosen = settings_of(family, settings)
    stamps = opened(images, about)
    place = band_of(stamps, band)
    if finite and isinstance(stamps, ArrayStamps):
        for index in range(len(stamps)):
            check_finite(stamps, index, stamps.stamp(index)[None])
    key = noise_seed(stamps, noise, seed, whose)

    def batches() -> Iterator[tuple]:
        for start in range(0, len(stamps), BATCH):
            stop = min(start + BATCH, len(stamps))
            part = stamps.part(start, stop) if isinstance(stamps, ArrayStamps) else stamps.path
            yield family, part, start, stop, chosen, place, noise, key

    found = collected(_measured, batches(), len(stamps), processes)
    return finished(found, family, stamps, chosen, noise)


def settings_of(family: str, given: dict[str, Any]) -> Settings:
    """The settings of a family with these fields, the others by default.

    Raises:
        GalforgeError: there is no such field, or a value is not allowed.
    """
    known = families.load("measure", family, "settings").MeasureSettings
    try:
        return known(**given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise GalforgeError(f"settings of {family}: {wrong}. There are {', '.join(known.model_fields)}") from error


def noise_seed(stamps: ArrayStamps | Stamps, noise: float, seed: int, whose: str) -> int:
    """Seed of the noise that is added to stamps; 0 where none is.

    Two samples that are compared must not have the same noise. So it goes by `seed` and by `whose` they are, as the
    workflow calls them (`source`, or `<model>-seed<k>`), else by the pixels.

    Raises:
        GalforgeError: the noise is negative or not finite.
    """
    if not (np.isfinite(noise) and noise >= 0):
        raise GalforgeError(f"noise {noise} must not be negative: it is an sd in image units")
    if not noise:
        return 0
    return seed_of(seed, "noise", whose or _digest(stamps)) % 2**63


def _digest(stamps: ArrayStamps | Stamps) -> str:
    if isinstance(stamps, Stamps):
        return stamps.digest
    content = hashlib.sha256()
    for index in range(len(stamps)):
        content.update(np.ascontiguousarray(stamps.stamp(index)).tobytes())
    return content.hexdigest()


def collected(
    task: Callable[..., pd.DataFrame], batches: Iterator[tuple], total: int, processes: int | None
) -> list[pd.DataFrame]:
    """What a task gives for each batch of its arguments, in their order.

    This process measures the first batch, so that functions are compiled once, and bad input is told at once.

    Args:
        task: a function at the top of a module.
        batches: arguments of its calls, for BATCH rows each.
        total: number of rows.
        processes: how many work; None: one per core where there is work for more than some seconds.

    Raises:
        GalforgeError: the number of processes is not positive, or there are no rows.
    """
    if processes is not None and processes < 1:
        raise GalforgeError(f"{processes} processes: give 1 or more")
    if not total:
        raise GalforgeError("there are no stamps to measure")
    counter = Progress(total, "rows measured", every_seconds=5.0)
    found, took = [], 0.0
    # Of the first batch, most of the time may be that of imports.
    for given in islice(batches, 1 if processes else 2):
        begun = time.monotonic()
        found.append(_quietly(task, given))
        took = time.monotonic() - begun
        counter.advance(len(found[-1]))
    rest = -(-total // BATCH) - len(found)
    processes = processes or (cpu_count() if rest * took > WORTH else 1)
    if min(processes, rest) > 1:
        # Batches are sent, not kept in shared memory: they are small, and so is it at times.
        parallel = Parallel(n_jobs=min(processes, rest), return_as="generator", max_nbytes=None)
        parts = parallel(delayed(_quietly)(task, given) for given in batches)
    else:
        parts = (_quietly(task, given) for given in batches)
    for part in parts:
        found.append(part)
        counter.advance(len(part))
    return found


def _quietly(task: Callable[..., pd.DataFrame], given: tuple) -> pd.DataFrame:
    """One batch on one thread, without the log lines of a job, which are said once of all batches."""
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with threadpool_limits(limits=1):
            return task(*given)
    finally:
        log.setLevel(before)


def _measured(
    family: str,
    stamps: ArrayStamps | Path,
    start: int,
    stop: int,
    settings: Settings,
    band: int,
    noise: float,
    seed: int,
) -> pd.DataFrame:
    """A batch of stamps, in whichever process."""
    measure = families.load("measure", family, "measure").measure
    with stamps if isinstance(stamps, ArrayStamps) else Stamps(stamps) as opened_here:
        return measure(opened_here, start, stop, settings, band, noise, seed)


def finished(
    parts: list[pd.DataFrame], family: str, stamps: ArrayStamps | Stamps, settings: Settings, noise: float
) -> pd.DataFrame:
    """The whole table, with what is said of it in ``attrs``; what could not be measured is logged."""
    whole = pd.concat(parts, ignore_index=True)
    whole.attrs = {
        "measure": family,
        "protocol": getattr(settings, "protocol", ""),
        "origin": stamps.header.origin if isinstance(stamps, Stamps) else "",
        "noise_sigma": noise,
        "side": side_of(stamps),
        "bands": list(stamps.header.bands),
        "engine": getattr(settings, "engine", ""),
    }
    known = whole.select_dtypes("float").notna().any(axis=1)
    log.info("%s: %d rows, %d without any value", family, len(whole), (~known).sum())
    if "error" in whole and (whole["error"] != "").any():
        raised = whole.loc[whole["error"] != "", ["index", "error"]]
        log.warning("%s failed on %d; the first, stamp %d: %s", family, len(raised), *raised.iloc[0])
    return whole
