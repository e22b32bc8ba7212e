"""From evaluations of networks to the table of tests: one row per generator, data set and case."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from galforge.studies.denoising import verdicts
from galforge.studies.denoising.verdicts import Gain, gain

Key = tuple[str, str, str, str, int]
"""Data set, kind of network, whose galaxies, alpha, replicate."""
COLUMNS = (
    *("dataset", "origin", "denoiser", "protocol", "model", "metric", "property", "pixel_size", "noise", "alpha"),
    *("value", "standard_error", "error_images", "error_networks", "error_seeds", "freedom"),
    *("p", "p_adjusted", "detectable", "verdict", "n_source", "seeds", "replicates", "published"),
)
TESTED, ORACLE, LONGER = "gain", "oracle", "longer"
"""Metrics: of generators, of the oracle, and of networks of alpha 0 that were trained for longer."""


def judged(tests: Sequence[Mapping[str, Any]], tables: Mapping[Key, pd.DataFrame]) -> pd.DataFrame:
    """The gains of generators with their verdicts, of the oracle, and of longer training; columns COLUMNS.

    ``value`` is the share by which a galaxy's typical (geometric mean) error is smaller. ``p_adjusted`` of generators
    is corrected over all tests; ``p`` of the oracle and of longer training is their own.

    Args:
        tests: data set, origin, denoiser, protocol, oracle, alpha, replicates, seeds of each model, and longer
            (``galforge.plan.judged.tests``).
        tables: the evaluation of each network.

    Raises:
        GalforgeError: evaluations differ in their galaxies.
    """
    generators: list[tuple[dict[str, Any], Gain, Gain]] = []
    others: list[dict[str, Any]] = []
    for test in tests:
        for case, pixel_size, noise in _cases(tables[_key(test, "source", "0.00", 0)]):
            row = {name: test[name] for name in ("dataset", "origin", "denoiser", "protocol", "replicates")}
            row |= {"property": case, "pixel_size": pixel_size, "noise": noise, "alpha": float(test["alpha"])}
            gains = {model: _of_model(test, tables, case, model) for model in test["seeds"]}
            oracle = gains.pop(test["oracle"])
            others.append(_alone(row, oracle, model=test["oracle"], metric=ORACLE))
            for model, own in gains.items():
                seeds = len(test["seeds"][model])
                generators.append(({**row, "model": model, "metric": TESTED, "seeds": seeds}, own, oracle))
            for longer in test["longer"]:
                mixed = _errors({**test, "denoiser": longer}, tables, case, "source", "0.00")
                own = gain(mixed[None], _errors(test, tables, case, "source", "0.00"), seeded=False)
                others.append(_alone({**row, "alpha": 0.0}, own, model=longer, metric=LONGER))
    rows = pd.DataFrame([{**row, **verdicts.share(own)} for row, own, _ in generators])
    told = verdicts.judge(rows, [oracle for _, _, oracle in generators], [own for _, own, _ in generators])
    return pd.concat([told, pd.DataFrame(others)], ignore_index=True).assign(published=np.nan)[list(COLUMNS)]


def _of_model(test: Mapping[str, Any], tables: Mapping[Key, pd.DataFrame], case: str, model: str) -> Gain:
    seeds = test["seeds"][model]
    mixed = np.stack([_errors(test, tables, case, f"{model}-seed{seed}", test["alpha"]) for seed in seeds])
    # Real galaxies have no seed of a training.
    seeded = model != test["oracle"] or len(seeds) > 1
    return gain(mixed, _errors(test, tables, case, "source", "0.00"), seeded=seeded)


def _alone(row: dict[str, Any], own: Gain, **more: Any) -> dict[str, Any]:
    said = {"p": own.chance, "detectable": verdicts.detectable(own, verdicts.LEVEL), "verdict": verdicts.seen_to(own)}
    # Of what they are there is no other seed.
    return {**row, **verdicts.share(own), "p_adjusted": np.nan, "seeds": np.nan, **said, **more}


def _errors(test: Mapping[str, Any], tables: Mapping[Key, pd.DataFrame], case: str, who: str, alpha: str) -> np.ndarray:
    keys = [_key(test, who, alpha, replicate) for replicate in range(test["replicates"])]
    return verdicts.errors_of([(", ".join(map(str, key)), tables[key]) for key in keys], case)


def _key(test: Mapping[str, Any], who: str, alpha: str, replicate: int) -> Key:
    return test["dataset"], test["denoiser"], who, alpha, replicate


def _cases(table: pd.DataFrame) -> list[tuple[str, float, float]]:
    rows = table[table["kind"] == "case"].drop_duplicates("case")
    return list(rows[["case", "pixel_size", "noise"]].itertuples(index=False, name=None))
