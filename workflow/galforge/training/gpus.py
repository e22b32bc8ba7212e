"""How many GPUs a job has, by its resources; without torch, for plans are told from them too."""


def gpus(gpu: int | None, gres: str | None) -> int:
    """Number of GPUs that a job asks for.

    Args:
        gpu: the resource ``gpu`` of the job.
        gres: its resource ``gres`` where that is used instead, such as ``gpu:a100:4``; other kinds count nothing.
    """
    if gres and gres.split(":")[0] == "gpu":
        last = gres.split(":")[-1]
        return int(last) if last.isdigit() else 1
    return gpu or 0


def processes(gpu: int | None, gres: str | None) -> int:
    """Number of processes of a training: one per GPU that its job has, and one where it has none; see ``gpus``."""
    return max(1, gpus(gpu, gres))
