#!/bin/sh
# Runs a command as a step of its SLURM job: sh step.sh OPTIONS_OF_SRUN COMMAND
# Variables that SLURM and sites set for sbatch are options of srun, too, and contradict those that are given.
for name in $(env | sed -nE 's/^((SLURM|SRUN|SBATCH)_[A-Za-z0-9_]*)=.*/\1/p'); do
    case "$name" in
    SLURM_JOB_ID | SLURM_JOBID | SLURM_CONF | SLURM_CLUSTER_NAME | SLURM_SUBMIT_DIR | SLURM_SUBMIT_HOST) ;;
    *) unset "$name" ;;
    esac
done
exec srun "$@"
