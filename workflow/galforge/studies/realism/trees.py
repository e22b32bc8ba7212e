"""Scorers that are trees on features, XGBoost and random forests, and the median score as the line to beat."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import xgboost

from galforge.atomic import write_text
from galforge.errors import GalforgeError
from galforge.seeds import seed_of
from galforge.studies.realism.features import columns_of, scored
from galforge.studies.realism.settings import RealismSettings, section

FORMAT = "galforge scorer 1"


def build(scorer: str, settings: RealismSettings) -> Any:
    """A scorer that is not trained yet, an estimator of scikit-learn: fits features (n, d) to scores (n,).

    Its random numbers follow from the seed; its last digits depend on the number of threads.
    """
    # Only here: a trained scorer needs none of it.
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model, name = scorer.partition("-")[0], section(scorer)
    common = {"n_jobs": settings.threads, "random_state": seed_of(settings.seed, "scorer", scorer) % 2**31}
    if model == "median":
        return DummyRegressor(strategy="median")
    own = dict(getattr(settings, name))
    if model == "random_forest":
        # Features without a value, such as the mean size in an image without clusters, are filled in.
        trees = RandomForestRegressor(own.pop("trees"), **own, **common)
        return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), trees)
    return make_pipeline(StandardScaler(), xgboost.XGBRegressor(tree_method="hist", **own, **common))


def fit_scorer(table: pd.DataFrame, scorer: str, settings: RealismSettings, out: Path) -> None:
    """Train an XGBoost scorer on all images with scores, and write it as JSON, which holds no code.

    Raises:
        GalforgeError: no image has a score, or the table lacks features.
    """
    rows = scored(table)
    columns = columns_of(rows, scorer.partition("-")[2])
    pipeline = build(scorer, settings)
    pipeline.fit(rows[columns].to_numpy(np.float32), rows["score"].to_numpy(np.float32))
    scale, trees = pipeline[0], pipeline[1]
    text = {
        "format": FORMAT,
        "scorer": scorer,
        "columns": columns,
        "mean": scale.mean_.tolist(),
        "scale": scale.scale_.tolist(),
        "images": len(rows),
        "trees": base64.b64encode(trees.get_booster().save_raw("json")).decode("ascii"),
    }
    write_text(out, json.dumps(text | {"digest": _digest(text)}, sort_keys=True) + "\n")


class Scorer:
    """A trained scorer, as ``fit_scorer`` wrote it.

    Attributes:
        name: of the scorer.
        columns: names of its features, in order.
    """

    def __init__(self, name: str, columns: Sequence[str], mean: np.ndarray, scale: np.ndarray, trees: bytes):
        self.name, self.columns, self.mean, self.scale = name, list(columns), mean, scale
        self.booster = xgboost.Booster()
        self.booster.load_model(bytearray(trees))
        # Images come one at a time, so that more threads would only wait for each other.
        self.booster.set_param({"nthread": 1})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a scorer.

        Raises:
            GalforgeError: the file is missing, damaged, or not a scorer.
        """
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise GalforgeError(f"{path}: cannot be read as a scorer ({error}); remove it and run again") from error
        if not isinstance(read, dict) or read.get("format") != FORMAT:
            raise GalforgeError(f"{path}: not a scorer of this version; remove it and run again")
        # Damaged trees would make XGBoost end the process.
        if read.pop("digest", None) != _digest(read):
            raise GalforgeError(f"{path}: the scorer in this file was changed or damaged; remove it and run again")
        trees = base64.b64decode(read["trees"])
        return cls(read["scorer"], read["columns"], np.array(read["mean"]), np.array(read["scale"]), trees)

    def score(self, table: pd.DataFrame) -> np.ndarray:
        """Scores (n,) float64 of rows of features.

        Raises:
            GalforgeError: a block has other columns, for example because images have another size.
        """
        known = set(self.columns)
        blocks = {name.rpartition("_")[0] for name in known}
        beyond = [name for name in table.columns if name.rpartition("_")[0] in blocks and name not in known]
        lacking = [name for name in self.columns if name not in table.columns]
        for what, names in (("lack", lacking), ("have in excess", beyond)):
            if names:
                raise GalforgeError(
                    f"scorer {self.name}: the features {what} {len(names)} columns, such as {names[0]}: measure them "
                    "with the same settings of the measure realism, size included"
                )
        return self.score_rows(table[self.columns].to_numpy(np.float32))

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Scores (n,) float64 of features (n, d) float32 in the order of ``columns``."""
        # In single precision as in training: trees split at values of images, where the last digit decides.
        scaled = (rows - self.mean.astype(np.float32)) / self.scale.astype(np.float32)
        return self.booster.inplace_predict(scaled).astype(np.float64)


def _digest(text: dict[str, Any]) -> str:
    """SHA-256 of the content of a scorer's file."""
    return hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()
