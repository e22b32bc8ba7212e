"""Training of models, from one step to a job that may be stopped at any moment.

Read ``loop`` first: ``Training`` holds all that changes from step to step, and ``train`` steps until the end. The rest
of a job is there because jobs on a cluster are killed, requeued and run on several GPUs. A job goes through

- ``launch``: starts one process, or one per GPU, and puts the job back into SLURM's queue if it has to stop early;
- ``worker``: one of these processes; it reads the job as plain data and leaves word of how it ended;
- ``segment``: what one job trains of a model: finds where to go on, trains, and hands the state on;
- ``loop``: the steps;
- ``keep``: saves checkpoints, and the history for those who watch.

These use ``data`` (batches of stamps), ``draws`` (random numbers of a step), ``group`` (the processes and their means),
``clock`` (time limit, signals, requeueing), ``lease`` (one writer per work folder), ``state`` (checkpoint files),
``history``, ``rates`` (step sizes), ``validation`` (losses of other images) and ``cost``. Apart from that, ``export``
makes weights and history of a segment's state, ``check`` and ``gpus`` look at the machine, and ``settings`` is what a
user can choose.

Imports ``galforge.models``, ``galforge.stamps`` and the modules at the root of the package.
"""
