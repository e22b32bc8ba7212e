"""DINOv2's ViT-S/14 and ViT-L/14 (Oquab et al. 2023, arXiv:2304.07193), trained on photographs without labels.

Features are those that Stein et al. (2023, arXiv:2306.04675) recommend for distances between images: the class token
behind the last normalisation, of images of 224 px with ImageNet's mean and standard deviation. Both published files can
be read: Meta's .pth, and the safetensors of `facebook/dinov2-*` on Hugging Face.
"""

import re
from collections.abc import Mapping
from math import isqrt

import torch
import torch.nn.functional as F
from torch import nn
from transformers import Dinov2Config, Dinov2Model

from galforge.measure.features.encoders.weights import Layout, Place

SIDE, PATCH = 224, 14  # px
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of red, green and blue in [0, 1]
SIZES = {"dinov2-small": (384, 12, 6), "dinov2-large": (1024, 24, 16)}  # features, blocks, heads
POSITIONS = "embeddings.position_embeddings"
TRAINED = 518 // PATCH  # patches along a side at the end of its training, for which the files have positions
OFFSET = 0.1  # patches that Meta adds to the new side when it interpolates
META = (
    # names in transformers, names in Meta's files
    (r"^embeddings\.(cls_token|mask_token)$", r"\1"),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
    (r"^encoder\.layer", "blocks"),
    (r"\.attention\.[qkv]_proj", ".attn.qkv"),
    (r"\.attention\.o_proj", ".attn.proj"),
    (r"\.layer_scale(\d)\.lambda1", r".ls\1.gamma"),
    (r"^layernorm", "norm"),
)
HUB = (
    # names in transformers, names in Hugging Face's files
    (r"\.attention\.q_proj", ".attention.attention.query"),
    (r"\.attention\.k_proj", ".attention.attention.key"),
    (r"\.attention\.v_proj", ".attention.attention.value"),
    (r"\.attention\.o_proj", ".attention.output.dense"),
)


class Network(nn.Module):
    """RGB images (n, 3, H, W) in [0, 255] to features (n, 384) or (n, 1024).

    Args:
        name: `dinov2-small` or `dinov2-large`.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.features, blocks, heads = SIZES[name]
        self.encoder = Dinov2Model(
            Dinov2Config(
                hidden_size=self.features,
                num_hidden_layers=blocks,
                num_attention_heads=heads,
                mlp_ratio=4,
                hidden_act="gelu",
                layer_norm_eps=1e-6,
                image_size=SIDE,
                patch_size=PATCH,
                qkv_bias=True,
            )
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features; images of another side than 224 px are resized (bilinear, smoothed before they become smaller)."""
        if images.shape[-2:] != (SIDE, SIDE):
            images = F.interpolate(images, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
        mean, spread = (images.new_tensor(numbers)[:, None, None] for numbers in (MEAN, SPREAD))
        return self.encoder((images / 255 - mean) / spread).pooler_output

    def layout(self, stored: Mapping[str, torch.Tensor]) -> Layout:
        """What the file holds that these tensors are of: Hugging Face's, if it has a name of that one, or Meta's."""
        renaming = HUB if "embeddings.cls_token" in stored else META
        parts: dict[str, list[str]] = {}
        shapes = {own: tuple(value.shape) for own, value in self.encoder.state_dict().items()}
        shapes[POSITIONS] = (1, 1 + TRAINED**2, self.features)
        for own in shapes:
            name = own
            for ours, theirs in renaming:
                name = re.sub(ours, theirs, name)
            parts.setdefault(name, []).append(own)
        return {
            name: Place((len(owns) * shapes[owns[0]][0], *shapes[owns[0]][1:]), tuple(owns))
            for name, owns in parts.items()
        }

    def fitted(self, name: str, value: torch.Tensor) -> torch.Tensor:
        """A tensor of the file, as the network takes it; position embeddings are those of 224 px."""
        return positions(value, SIDE // PATCH) if name == POSITIONS else value


def positions(embeddings: torch.Tensor, side: int) -> torch.Tensor:
    """Position embeddings (1, 1 + n^2, d) of a class token and n x n patches, for `side` x `side` patches.

    As Meta does it: bicubic, with the scale (side + 0.1) / n and not side / n. `transformers` would take the latter.
    """
    token, patches = embeddings[:, :1], embeddings[:, 1:]
    old = isqrt(patches.shape[1])
    grid = patches.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    scale = (side + OFFSET) / old
    grid = F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic", align_corners=False)
    return torch.cat([token, grid.permute(0, 2, 3, 1).reshape(1, side * side, -1)], dim=1)
