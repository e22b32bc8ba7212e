rule gpu_check:
    # Asked for by name: what it makes is a measurement of a machine, and no other rule waits for it.
    output:
        numbers=f"{RESULTS}/gpu_check.json",
    log:
        f"{RESULTS}/logs/gpu_check.log",
    threads: most_training_threads()
    resources:
        mem_mb=memory("gpu_check"),
        runtime=minutes("gpu_check"),
        gpu=1,
        gpu_share=100,
    params:
        spec=spec("gpu_check"),
        code=code("gpu_check"),
    script:
        "../scripts/gpu_check.py"
