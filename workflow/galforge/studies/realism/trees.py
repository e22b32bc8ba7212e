"""Scorers that are trees on features: XGBoost and random forests, and the median score as the line to beat."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from galforge.atomic import write_text
from galforge.errors import GalforgeError
from galforge.seeds import seed_of
from galforge.studies.realism.features import columns_of, scored
from galforge.studies.realism.settings import RealismSettings, section

FORMAT = "galforge scorer 1"


class Regressor(Protocol):
    """What is fitted to features (n, d) and scores (n,)."""

    def fit(self, features: np.ndarray, scores: np.ndarray) -> Any:
        """Learn, and return the same object."""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Scores (n,) of features."""


class MedianScore:
    """The median of the scores, whatever the image."""

    def fit(self, features: np.ndarray, scores: np.ndarray) -> Self:
        self.score = float(np.median(scores))
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        return np.full(len(features), self.score)


def build(scorer: str, settings: RealismSettings) -> Regressor:
    """A scorer that is not trained yet. Its random numbers follow from the seed, its last digits from the threads."""
    model, name = scorer.partition("-")[0], section(scorer)
    seed = seed_of(settings.seed, "scorer", scorer) % 2**31
    if model == "median":
        return MedianScore()
    if model == "random_forest":
        forest = settings.random_forest
        trees = RandomForestRegressor(
            forest.trees,
            max_depth=forest.max_depth,
            max_features=forest.max_features,
            n_jobs=settings.threads,
            random_state=seed,
        )
        # What has no value in an image, such as the size of clusters that there are none of.
        return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), trees)
    own = getattr(settings, name)
    boosted = xgboost.XGBRegressor(
        n_estimators=own.n_estimators,
        max_depth=own.max_depth,
        learning_rate=own.learning_rate,
        subsample=own.subsample,
        colsample_bytree=own.colsample_bytree,
        gamma=own.gamma,
        reg_lambda=own.reg_lambda,
        reg_alpha=own.reg_alpha,
        tree_method="hist",
        n_jobs=settings.threads,
        random_state=seed,
    )
    return make_pipeline(StandardScaler(), boosted)


def fit_scorer(table: pd.DataFrame, scorer: str, settings: RealismSettings, out: Path) -> None:
    """Train a scorer of XGBoost on all images with scores, and write it (JSON: nothing in it is ever executed).

    Raises:
        GalforgeError: no scores, or features that the table lacks.
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
        columns: of the features that it takes, in their order.
    """

    def __init__(self, name: str, columns: Sequence[str], mean: np.ndarray, scale: np.ndarray, trees: bytes):
        self.name, self.columns, self.mean, self.scale = name, list(columns), mean, scale
        self.booster = xgboost.Booster()
        self.booster.load_model(bytearray(trees))
        # Images come one at a time here: more threads would only wait for each other.
        self.booster.set_param({"nthread": 1})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a scorer.

        Raises:
            GalforgeError: no such file, or none of a scorer.
        """
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise GalforgeError(f"{path}: cannot be read as a scorer ({error}); remove it and run again") from error
        if not isinstance(read, dict) or read.get("format") != FORMAT:
            raise GalforgeError(f"{path}: holds no scorer of this version; remove it and run again")
        # XGBoost ends the process where it is given trees that are none.
        if read.pop("digest", None) != _digest(read):
            raise GalforgeError(f"{path}: the scorer in it was changed or damaged; remove it and run again")
        trees = base64.b64decode(read["trees"])
        return cls(read["scorer"], read["columns"], np.array(read["mean"]), np.array(read["scale"]), trees)

    def score(self, table: pd.DataFrame) -> np.ndarray:
        """Scores (n,) float64 of rows of features.

        Raises:
            GalforgeError: a block has other features, as it has of images of another size.
        """
        lacking = [name for name in self.columns if name not in table.columns]
        if lacking:
            raise GalforgeError(
                f"scorer {self.name}: the features lack {len(lacking)} columns, such as {lacking[0]}: they must be "
                "taken by the same settings of the measure realism, size included"
            )
        blocks = {name.rpartition("_")[0] for name in self.columns}
        known = set(self.columns)
        beyond = [name for name in table.columns if name.rpartition("_")[0] in blocks and name not in known]
        if beyond:
            raise GalforgeError(
                f"scorer {self.name}: the features have {len(beyond)} columns too many, such as {beyond[0]}: they must "
                "be taken by the same settings of the measure realism, size included"
            )
        return self.score_rows(table[self.columns].to_numpy(np.float32))

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Scores (n,) float64 of features (n, d) float32 in the order of ``columns``."""
        # In single precision as in training: trees cut at values that images have, where the last digit decides.
        scaled = (rows - self.mean.astype(np.float32)) / self.scale.astype(np.float32)
        return self.booster.inplace_predict(scaled).astype(np.float64)


def _digest(text: dict[str, Any]) -> str:
    """SHA-256 of what a scorer's file holds."""
    return hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()
