rule distances:
    input:
        source=f"{RESULTS}/measurements/{{dataset}}/source/{{measure}}.parquet",
        generated=f"{RESULTS}/measurements/{{dataset}}/{{model}}-seed{{seed}}/{{measure}}.parquet",
    output:
        distances=f"{RESULTS}/distances/{{dataset}}/{{model}}/seed{{seed}}/{{measure}}.csv",
        record=f"{RESULTS}/distances/{{dataset}}/{{model}}/seed{{seed}}/{{measure}}.json",
    log:
        f"{RESULTS}/logs/distances/{{dataset}}/{{model}}/seed{{seed}}/{{measure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/distances/{{dataset}}/{{model}}/seed{{seed}}/{{measure}}.tsv"
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=60,
    params:
        spec=spec("distances"),
        code=code("distances"),
    script:
        "../scripts/distances.py"
