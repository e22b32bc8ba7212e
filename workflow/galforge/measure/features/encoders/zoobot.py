"""Zoobot's ConvNeXt-Nano (Walmsley et al. 2024, arXiv:2404.02973), trained on what volunteers saw in galaxies.

Its architecture is `convnext_nano` of the library timm without a classifier (ConvNeXt: Liu et al. 2022, CVPR), and its
weights files have timm's names. It was trained on 8-bit pictures of surveys (SDSS, Legacy Surveys, HST, UKIDSS, HSC) as
volunteers were shown them, cut to 224 px, with pixel values in [0, 1] and nothing subtracted; the greyscale network on
the mean of their three colours.
"""

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import nn
from transformers import ConvNextConfig, ConvNextModel

from galforge.measure.features.encoders.weights import Layout, Place

SIDE = 224  # px
FEATURES = 640
DEPTHS, CHANNELS = (2, 2, 8, 2), (80, 160, 320, FEATURES)
TIMM = (
    # names in transformers, names in timm
    (r"^embeddings\.patch_embeddings", "stem.0"),
    (r"^embeddings\.layernorm", "stem.1"),
    (r"^encoder\.stages", "stages"),
    (r"\.downsampling_layer\.", ".downsample."),
    (r"\.layers\.", ".blocks."),
    (r"\.dwconv\.", ".conv_dw."),
    (r"\.pwconv", ".mlp.fc"),
    (r"\.layer_scale_parameter$", ".gamma"),
    (r"\.layernorm\.", ".norm."),
    (r"^layernorm\.", "head.norm."),
)
POINTWISE = re.compile(r"\.pwconv\d\.weight$")
"""Weights that timm keeps as convolutions of 1 px."""


class Network(nn.Module):
    """RGB images (n, 3, H, W) in [0, 255] to features (n, 640), the input of Zoobot's heads.

    Args:
        name: `zoobot`, or `zoobot-greyscale`, which sees the mean of the three colours.
    """

    features = FEATURES

    def __init__(self, name: str) -> None:
        super().__init__()
        self.colours = 1 if name == "zoobot-greyscale" else 3
        self.encoder = ConvNextModel(
            ConvNextConfig(
                num_channels=self.colours,
                depths=list(DEPTHS),
                hidden_sizes=list(CHANNELS),
                patch_size=4,
                hidden_act="gelu",
                layer_norm_eps=1e-6,
                image_size=SIDE,
            )
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features; images of another side than 224 px are resized (bilinear, smoothed before they become smaller)."""
        if images.shape[-2:] != (SIDE, SIDE):
            images = F.interpolate(images, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
        if self.colours == 1:
            images = images.mean(1, keepdim=True)
        return self.encoder(images / 255).pooler_output

    def layout(self, stored: Mapping[str, torch.Tensor]) -> Layout:
        """What timm keeps in a file of these weights."""
        places = {}
        for own, value in self.encoder.state_dict().items():
            shape = (*value.shape, 1, 1) if POINTWISE.search(own) else tuple(value.shape)
            name = own
            for ours, theirs in TIMM:
                name = re.sub(ours, theirs, name)
            places[name] = Place(shape, (own,))
        return places

    def fitted(self, name: str, value: torch.Tensor) -> torch.Tensor:
        """A tensor of the file, as the network takes it but for its shape."""
        return value
