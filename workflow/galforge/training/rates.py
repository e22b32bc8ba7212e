"""How step sizes change in a training."""

import math

from galforge.training.settings import StepSettings


def share_of_rate(settings: StepSettings, images_seen: int) -> float:
    """What step sizes are multiplied by in the step after ``images_seen`` images: warm-up, and then decay."""
    share = 1.0
    if settings.warmup_images:
        share = min(1.0, (images_seen + settings.batch) / settings.warmup_images)
    if 0 < settings.decay_images < images_seen:
        share *= math.sqrt(settings.decay_images / images_seen)
    return share
