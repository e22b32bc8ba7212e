"""The number of GPUs of a job, by its resources. Without torch, because plans need it too."""


def gpus(gpu: int | None, gres: str | None) -> int:
    """Number of GPUs that a job asks for.

    Args:
        gpu: the resource ``gpu`` of the job.
        gres: the resource ``gres``, where a cluster uses that instead, such as ``gpu:a100:4``; resources of other kinds
            count as none.
    """
    if gres and gres.split(":")[0] == "gpu":
        last = gres.split(":")[-1]
        return int(last) if last.isdigit() else 1
    return gpu or 0


def processes(gpu: int | None, gres: str | None) -> int:
    """Number of processes of a training: one per GPU of its job, and one without GPUs; see ``gpus``."""
    return max(1, gpus(gpu, gres))
