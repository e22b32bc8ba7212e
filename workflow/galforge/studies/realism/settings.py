"""Typed settings of the study of realism: which scorers are trained, how, and what they are asked."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

BEST = "xgboost-histogram_power_spectrum"
"""The best scorer of the report."""
SETS = ("histogram", "histogram_hog_lbp", "fourier", "power_spectrum", "histogram_power_spectrum")
SCORERS = (
    "median-none",
    *(f"xgboost-{features}" for features in ("basic_3", "individual", "individual_interaction")),
    "cnn-image",
    "resnet-image",
    *(f"{model}-{features}" for model in ("random_forest", "xgboost") for features in SETS),
)
"""Every row of Table I, and what it leaves out: both kinds of trees on each set of features, and the median score."""
PROPERTIES = ("basic_3", "individual", "individual_interaction")
COMMON = ("folds", "seed", "threads")
"""Settings that every scorer reads."""
MEASURES = ("realism", "realism-texture")
"""Measures that scorers read; the second has what takes long and the best scorer does not need."""
TEXTURE = ("hog", "lbp", "fourier")


class XGBoostSettings(Settings):
    """Gradient-boosted trees; defaults as in the authors' code for histogram and power spectrum."""

    n_estimators: int = Field(300, ge=1, description="trees")
    max_depth: int = Field(9, ge=1, description="levels of a tree")
    learning_rate: float = Field(0.1, gt=0, description="weight of each further tree")
    subsample: float = Field(1.0, gt=0, le=1, description="share of the images that a tree sees")
    colsample_bytree: float = Field(0.7, gt=0, le=1, description="share of the features that a tree sees")
    gamma: float = Field(0.0, ge=0, description="least fall of the loss for a further split")
    reg_lambda: float = Field(2.0, ge=0, description="penalty on squares of the leaves' values")
    reg_alpha: float = Field(2.0, ge=0, description="penalty on their sizes")


class ForestSettings(Settings):
    """Random forests."""

    trees: int = Field(100, ge=1, description="trees")
    max_depth: int = Field(6, ge=1, description="levels of a tree")
    max_features: float = Field(0.3, gt=0, le=1, description="share of the features that a split may choose from")


class NetworkSettings(Settings):
    """A network that sees reduced images."""

    side: int = Field(150, ge=32, description="side that images are reduced to [px]")
    epochs: int = Field(25, ge=1, description="times that each image is seen")
    batch: int = Field(32, ge=1, description="images per step")
    learning_rate: float = Field(1e-3, gt=0, description="step size of Adam")


class CnnSettings(NetworkSettings):
    """The small network of the report's second baseline."""

    width: int = Field(16, ge=1, description="channels of the first of three convolutions; doubled at each further one")
    hidden: int = Field(10, ge=1, description="units of the layer before the score")
    dropout: float = Field(0.2, ge=0, lt=1, description="share of them that is left out in a training step")
    decay: float = Field(0.01, ge=0, description="penalty on squares of weights")


class ResnetSettings(NetworkSettings):
    """The residual network of 18 layers; the report names one of 50, the code has this one."""

    side: int = Field(224, ge=32, description="side that images are reduced to [px]")
    learning_rate: float = Field(1e-4, gt=0, description="step size of Adam")
    width: int = Field(64, ge=4, description="channels of the first layers; doubled three times")
    weights: str = Field(
        "",
        description="file with weights learned on ImageNet (a .pth of the keys that torchvision gives its resnet18); "
        "empty: trained from scratch [path from the working directory]",
    )


class ExperimentSettings(Settings):
    """Experiments with models that draw positions and galaxies apart (section III-C of the report)."""

    images: int = Field(1000, ge=2, description="images that each experiment begins with [images]")
    sets: int = Field(50, ge=2, description="experiment 2: sets of galaxies for the same positions [count]")
    permutations: int = Field(50, ge=2, description="experiment 3: orders of the same galaxies [count]")


class RealismSettings(Settings):
    """How images with scores teach what looks real, and what generated images are asked by it."""

    scorers: list[str] = Field(
        list(SCORERS), min_length=1, description="scorers whose errors are compared, of those that there are [names]"
    )
    scorer: str = Field(
        BEST,
        description="scorer of generated images, one of xgboost on features that generated images have too [name]",
    )
    folds: int = Field(5, ge=2, description="parts of a cross-validation [count]")
    seed: int = Field(0, ge=0, description="of the parts, the trees and the networks")
    real_score: float = Field(
        2.0, description="images of at least that score count as real, those below as fakes, where errors are split"
    )
    images: int = Field(1000, ge=2, description="images of each model that are scored [images]")
    galaxies: int = Field(1000, ge=1, description="galaxies of each size class that are drawn one by one [count]")
    xgboost: XGBoostSettings = Field(XGBoostSettings(), description="of histograms, spectra and textures")
    xgboost_properties: XGBoostSettings = Field(
        XGBoostSettings(
            n_estimators=1000,
            max_depth=6,
            learning_rate=0.01,
            subsample=0.7,
            colsample_bytree=1.0,
            gamma=0.5,
            reg_lambda=1.0,
            reg_alpha=0.0,
        ),
        description="of statistics of clusters",
    )
    random_forest: ForestSettings = Field(ForestSettings(), description="of all sets of features")
    cnn: CnnSettings = Field(CnnSettings(), description="the small network")
    resnet: ResnetSettings = Field(ResnetSettings(), description="the residual network")
    experiments: ExperimentSettings = Field(ExperimentSettings(), description="what is exchanged how often")
    threads: int = Field(1, ge=1, description="CPU threads of a scorer; another number gives other last digits")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU where there is one")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.scorers:
            if name not in SCORERS:
                raise ValueError(f"scorers: {name!r} is not one of {', '.join(SCORERS)}")
        if len(set(self.scorers)) < len(self.scorers):
            raise ValueError("scorers names one twice")
        plain = [name for name in SCORERS if name.startswith("xgboost") and not set(name.split("_")) & set(TEXTURE)]
        plain = [name for name in plain if not name.endswith("fourier")]
        if self.scorer not in plain or self.scorer not in self.scorers:
            raise ValueError(f"scorer: {self.scorer!r} must be one of scorers and of {', '.join(plain)}")
        return self


def section(scorer: str) -> str:
    """The section of the settings that a scorer reads besides the common ones; empty for the median."""
    model, _, features = scorer.partition("-")
    if model == "xgboost" and features in PROPERTIES:
        return "xgboost_properties"
    return "" if model == "median" else model
