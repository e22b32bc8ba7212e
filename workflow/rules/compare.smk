rule distances:
    input:
        tables=measurements_compared,
    output:
        distances=f"{RESULTS}/distances/{{dataset}}/{{model}}/seed{{seed}}/{{group}}.csv",
        replicates=f"{RESULTS}/distances/{{dataset}}/{{model}}/seed{{seed}}/{{group}}.parquet",
        record=f"{RESULTS}/distances/{{dataset}}/{{model}}/seed{{seed}}/{{group}}.json",
    log:
        f"{RESULTS}/logs/distances/{{dataset}}/{{model}}/seed{{seed}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/distances/{{dataset}}/{{model}}/seed{{seed}}/{{group}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("distances"),
        runtime=minutes("distances"),
    params:
        spec=spec("distances"),
        code=code("distances"),
    script:
        "../scripts/distances.py"
