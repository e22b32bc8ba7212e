for job in TABLES.jobs.values():

    rule:
        name:
            f"{PREFIX}{job.name}"
        input:
            **job.inputs,
        output:
            **table_files(job.tables),
        log:
            f"{RESULTS}/logs/table/{job.name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/table/{job.name}.tsv"
        threads: 1
        resources:
            mem_mb=memory("tables"),
            runtime=minutes("tables"),
        params:
            spec=spec(f"{PREFIX}{job.name}"),
            code=code(f"{PREFIX}{job.name}"),
        script:
            "../scripts/table.py"
