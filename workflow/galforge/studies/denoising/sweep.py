"""The tables of one sweep over alpha, side by side, with the same galaxies in the same rows for every network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from galforge.errors import GalforgeError

NETWORK, TRUTH, IDENTITY = "network", "truth", "identity"
BROUGHT = "brought:"
"""Before the name of a network that was trained elsewhere, where it stands among the methods."""
_AGAIN = "evaluate the networks and the references of this data set again"


@dataclass(frozen=True)
class Run:
    """One network of a sweep and its evaluation.

    Attributes:
        dataset, origin: of the test galaxies.
        model: the generator of galaxies in the training set; ``source`` for alpha 0.
        denoiser, protocol: kind of network, and protocol of its training set.
        alpha: share of generated galaxies in the training set.
        replicate: number of the network among those of one alpha.
        table: its evaluation (``galforge.studies.denoising.evaluation.evaluate``).
    """

    dataset: str
    origin: str
    model: str
    denoiser: str
    protocol: str
    alpha: float
    replicate: int
    table: pd.DataFrame


@dataclass(frozen=True)
class Paired:
    """One test, or one point of a robustness curve; all tables have the same galaxies, in ascending order of index.

    ``networks`` has the tables of the replicates by alpha, ascending; ``references`` one table by method.
    """

    kind: str
    name: str
    pixel_size: float
    noise: float
    networks: dict[float, list[pd.DataFrame]]
    references: dict[str, pd.DataFrame]

    def of_alpha(self, alpha: float, column: str) -> np.ndarray:
        """A column of the networks of an alpha, (replicates, galaxies)."""
        return column_of(self.networks[alpha], column)

    def of_method(self, method: str, column: str) -> np.ndarray:
        """A column of a reference, (1, galaxies)."""
        return column_of([self.references[method]], column)

    def methods(self) -> Iterator[tuple[dict[str, Any], list[pd.DataFrame]]]:
        """Each reference except the truth, then the networks of each alpha: what rows say of it, and its tables."""
        yield from (({"method": name}, [table]) for name, table in self.references.items() if name != TRUTH)
        for alpha, tables in self.networks.items():
            yield {"method": NETWORK, "alpha": alpha, "replicates": len(tables)}, tables


def column_of(tables: Sequence[pd.DataFrame], column: str) -> np.ndarray:
    """One column of several tables (R, n)."""
    return np.stack([table[column].to_numpy(float) for table in tables])


def paired(runs: Sequence[Run], references: pd.DataFrame) -> Iterator[Paired]:
    """The tests of a sweep, in the order of the references' table.

    Raises:
        GalforgeError: runs are of several sweeps or generators, come twice, lack alpha 0, or have different replicates
            for different alphas; a test lacks the identity; or tables differ in tests or galaxies.
    """
    runs = sorted(runs, key=lambda run: (run.alpha, run.replicate))
    _check(runs)
    split = [(run, dict(iter(run.table.groupby(["kind", "case"], sort=False)))) for run in runs]
    tests = dict(iter(references.groupby(["kind", "case"], sort=False)))
    for run, own in split:
        if set(own) != set(tests):
            odd = ", ".join(sorted(name for _, name in set(own) ^ set(tests)))
            raise GalforgeError(f"{_name(run)}: its tests and those of the references differ by {odd}; {_AGAIN}")
    for (kind, name), rows in tests.items():
        methods = {str(method): own.sort_values("index") for method, own in rows.groupby("method", sort=False)}
        if IDENTITY not in methods:
            raise GalforgeError(f"references of {runs[0].dataset}, {name}: {IDENTITY} is missing; {_AGAIN}")
        wanted = methods[IDENTITY]["index"].to_numpy()
        for method, own in methods.items():
            _check_galaxies(f"references of {runs[0].dataset}, {method}, {name}", own, wanted)
        networks: dict[float, list[pd.DataFrame]] = {}
        for run, tables in split:
            own = tables[kind, name].sort_values("index")
            _check_galaxies(f"{_name(run)}, {name}", own, wanted)
            networks.setdefault(run.alpha, []).append(own)
        first = rows.iloc[0]
        yield Paired(kind, name, float(first["pixel_size"]), float(first["noise"]), networks, methods)


def with_brought(references: pd.DataFrame, brought: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The table of references with networks that were trained elsewhere as methods of their own, ``brought:<name>``.

    Args:
        references: of the data set.
        brought: the evaluation of each network by its name.

    Raises:
        GalforgeError: a network was tested in other tests than the references, or its table has other methods.
    """
    found, attrs = [references], references.attrs
    for name, table in brought.items():
        if (table["method"] != NETWORK).any():
            raise GalforgeError(f"{BROUGHT}{name}: its table has other methods than {NETWORK}; {_AGAIN}")
        odd = set(table["case"]) ^ set(references["case"])
        if odd:
            raise GalforgeError(
                f"{BROUGHT}{name}: its tests and those of the references differ by {', '.join(sorted(odd))}; {_AGAIN}"
            )
        found.append(table.assign(method=f"{BROUGHT}{name}"))
    out = pd.concat(found, ignore_index=True)
    out.attrs = attrs
    return out


def generator_of(runs: Sequence[Run]) -> str:
    """The model whose galaxies the networks of a sweep were trained on; for alpha 0 alone, the model of its runs."""
    return next((run.model for run in runs if run.alpha > 0), runs[0].model)


def _check(runs: Sequence[Run]) -> None:
    if not runs or runs[0].alpha != 0:
        raise GalforgeError("a sweep of the denoising study needs networks of alpha 0, which gains are relative to")
    sweeps = {(run.dataset, run.origin, run.denoiser, run.protocol) for run in runs}
    if len(sweeps) > 1:
        listed = "; ".join(", ".join(each) for each in sorted(sweeps))
        raise GalforgeError(f"these networks belong to several sweeps ({listed}); summarise each separately")
    models = sorted({run.model for run in runs if run.alpha > 0})
    if len(models) > 1:
        raise GalforgeError(f"these networks saw galaxies of {' and '.join(models)}; summarise each model separately")
    replicates: dict[float, list[int]] = {}
    for run in runs:
        replicates.setdefault(run.alpha, []).append(run.replicate)
        if len(set(replicates[run.alpha])) < len(replicates[run.alpha]):
            raise GalforgeError(f"{_name(run)} was given twice; give each network once")
        if (run.table["method"] != NETWORK).any():
            raise GalforgeError(f"{_name(run)}: its table has other methods than {NETWORK}; evaluate it again")
    for alpha, own in replicates.items():
        if own != replicates[0.0]:
            raise GalforgeError(
                f"alpha {alpha:g} has the replicates {own}, alpha 0 has {replicates[0.0]}: gains are paired by "
                "replicate; train the missing networks"
            )


def _check_galaxies(what: str, own: pd.DataFrame, wanted: np.ndarray) -> None:
    if not np.array_equal(own["index"].to_numpy(), wanted):
        raise GalforgeError(f"{what}: its {len(own)} galaxies are not those of the other tables; {_AGAIN}")


def _name(run: Run) -> str:
    return f"{run.dataset}, {run.denoiser}, {run.model}, alpha {run.alpha:g}, replicate {run.replicate}"
