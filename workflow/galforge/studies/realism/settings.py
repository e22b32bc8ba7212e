"""Typed settings of the realism study: which scorers are trained, how, and what they score."""

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
"""All rows of Table I, and what it lacks: both kinds of trees on each set of features, and the median score."""
PROPERTIES = ("basic_3", "individual", "individual_interaction")
COMMON = ("folds", "seed", "threads")
"""Settings that all scorers read."""
MEASURES = ("realism", "realism-texture")
"""Measures that scorers read; the second has slow features that the best scorer does not need."""
TEXTURE = ("hog", "lbp", "fourier")


class XGBoostSettings(Settings):
    """Gradient-boosted trees; defaults as in the authors' code for histogram and power spectrum."""

    n_estimators: int = Field(300, ge=1)
    """trees"""
    max_depth: int = Field(9, ge=1)
    """levels of a tree"""
    learning_rate: float = Field(0.1, gt=0)
    """weight of each new tree"""
    subsample: float = Field(1.0, gt=0, le=1)
    """share of the images per tree"""
    colsample_bytree: float = Field(0.7, gt=0, le=1)
    """share of the features per tree"""
    gamma: float = Field(0.0, ge=0)
    """smallest decrease of the loss for a split"""
    reg_lambda: float = Field(2.0, ge=0)
    """penalty on squared values of the leaves"""
    reg_alpha: float = Field(2.0, ge=0)
    """penalty on absolute values of the leaves"""


class ForestSettings(Settings):
    """Random forests."""

    trees: int = Field(100, ge=1)
    """trees"""
    max_depth: int = Field(6, ge=1)
    """levels of a tree"""
    max_features: float = Field(0.3, gt=0, le=1)
    """share of the features per split"""


class NetworkSettings(Settings):
    """A network on reduced images."""

    side: int = Field(150, ge=32)
    """side of the reduced images [px]"""
    epochs: int = Field(25, ge=1)
    """passes over all images"""
    batch: int = Field(32, ge=1)
    """images per step"""
    learning_rate: float = Field(1e-3, gt=0)
    """learning rate of Adam"""


class CnnSettings(NetworkSettings):
    """The small network, the second baseline of the report."""

    width: int = Field(16, ge=1)
    """channels of the first of three convolutions; doubled at each other"""
    hidden: int = Field(10, ge=1)
    """units of the layer before the score"""
    dropout: float = Field(0.2, ge=0, lt=1)
    """share of features left out in a training step"""
    decay: float = Field(0.01, ge=0)
    """penalty on squared weights"""


class ResnetSettings(NetworkSettings):
    """The residual network of 18 layers; the report names one of 50, the code has this one."""

    side: int = Field(224, ge=32)
    """side of the reduced images [px]"""
    learning_rate: float = Field(1e-4, gt=0)
    """learning rate of Adam"""
    width: int = Field(64, ge=4)
    """channels of the first layers; doubled three times"""
    weights: str = ""
    """file with weights learned on ImageNet (a .pth of the keys that torchvision gives its resnet18); empty: trained
    from scratch [path from the working directory]"""


class ExperimentSettings(Settings):
    """Experiments with models that draw positions and galaxies separately (section III-C of the report)."""

    images: int = Field(1000, ge=2)
    """images that each experiment starts from [images]"""
    sets: int = Field(50, ge=2)
    """experiment 2: sets of galaxies for the same positions [count]"""
    permutations: int = Field(50, ge=2)
    """experiment 3: orders of the same galaxies [count]"""


class RealismSettings(Settings):
    """How scorers learn from images with scores, and how they score generated images."""

    scorers: list[str] = Field(list(SCORERS), min_length=1)
    """scorers whose errors are compared [names]"""
    scorer: str = BEST
    """scorer of generated images; xgboost on features that are measured of generated images too [name]"""
    folds: int = Field(5, ge=2)
    """folds of the cross-validation [count]"""
    seed: int = Field(0, ge=0)
    """seed of folds, trees and networks"""
    real_score: float = 2.0
    """images with at least this score count as real, others as fakes, where errors are split"""
    images: int = Field(1000, ge=2)
    """scored images per model [images]"""
    galaxies: int = Field(1000, ge=1)
    """galaxies drawn per size class [count]"""
    xgboost: XGBoostSettings = XGBoostSettings()
    """XGBoost on histograms, spectra and textures"""
    xgboost_properties: XGBoostSettings = XGBoostSettings(
        n_estimators=1000,
        max_depth=6,
        learning_rate=0.01,
        subsample=0.7,
        colsample_bytree=1.0,
        gamma=0.5,
        reg_lambda=1.0,
        reg_alpha=0.0,
    )
    """XGBoost on statistics of clusters"""
    random_forest: ForestSettings = ForestSettings()
    """random forests on all sets of features"""
    cnn: CnnSettings = CnnSettings()
    """the small network"""
    resnet: ResnetSettings = ResnetSettings()
    """the residual network"""
    experiments: ExperimentSettings = ExperimentSettings()
    """number of images and repetitions"""
    threads: int = Field(1, ge=1)
    """CPU threads of a scorer; changes the last digits"""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where available"""

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.scorers:
            if name not in SCORERS:
                raise ValueError(f"scorers: {name!r} is not one of {', '.join(SCORERS)}")
        if len(set(self.scorers)) < len(self.scorers):
            raise ValueError(f"scorers names one twice: {', '.join(self.scorers)}")
        plain = [name for name in SCORERS if name.startswith("xgboost") and not any(own in name for own in TEXTURE)]
        if self.scorer not in plain or self.scorer not in self.scorers:
            raise ValueError(f"scorer: {self.scorer!r} must be one of scorers and of {', '.join(plain)}")
        return self


def section(scorer: str) -> str:
    """The section of the settings that a scorer reads besides COMMON; empty for the median."""
    model, _, features = scorer.partition("-")
    if model == "xgboost" and features in PROPERTIES:
        return "xgboost_properties"
    return "" if model == "median" else model
