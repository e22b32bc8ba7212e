rule calibrate_noise:
    input:
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
    output:
        noise=f"{RESULTS}/measurements/{{dataset}}/noise-{{measure}}.json",
        record=f"{RESULTS}/measurements/{{dataset}}/noise-{{measure}}.record.json",
    log:
        f"{RESULTS}/logs/calibrate_noise/{{dataset}}/{{measure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/calibrate_noise/{{dataset}}/{{measure}}.tsv"
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=120,
    params:
        spec=spec("calibrate_noise"),
        code=code("calibrate_noise"),
    script:
        "../scripts/calibrate_noise.py"


rule measure_chunk:
    input:
        stamps=stamps_of,
        noise=noise_of,
    output:
        measurements=temp(f"{RESULTS}/measurements/{{dataset}}/{{who}}/{{measure}}/part{{part}}of{{parts}}.parquet"),
    log:
        f"{RESULTS}/logs/measure/{{dataset}}/{{who}}/{{measure}}/part{{part}}of{{parts}}.log",
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=180,
    params:
        spec=spec("measure_chunk"),
        code=code("measure_chunk"),
    script:
        "../scripts/measure.py"


rule measure:
    input:
        # The stamps stand here too: the chunks are gone when a later run compares.
        stamps=stamps_of,
        noise=noise_of,
        chunks=measure_chunks,
    output:
        measurements=f"{RESULTS}/measurements/{{dataset}}/{{who}}/{{measure}}.parquet",
        record=f"{RESULTS}/measurements/{{dataset}}/{{who}}/{{measure}}.json",
    log:
        f"{RESULTS}/logs/measure/{{dataset}}/{{who}}/{{measure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure/{{dataset}}/{{who}}/{{measure}}.tsv"
    conda:
        "../../envs/measure.yaml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=180,
    params:
        spec=spec("measure"),
        code=code("measure"),
    script:
        "../scripts/measure.py"
