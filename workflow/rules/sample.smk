rule sample_chunk:
    input:
        weights=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/weights.safetensors",
    output:
        stamps=temp(f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}/part{{part}}of{{parts}}.h5"),
    log:
        f"{RESULTS}/logs/sample/{{dataset}}/{{model}}/seed{{seed}}/part{{part}}of{{parts}}.log",
    conda:
        "../../envs/train.yaml"
    threads: CONFIG.sampling.threads
    resources:
        mem_mb=memory(8000),
        runtime=240,
        gpu=1,
    params:
        spec=spec("sample_chunk"),
        code=code("sample_chunk"),
    script:
        "../scripts/sample.py"


rule sample:
    input:
        # The weights stand here too: the chunks are gone when a later run compares.
        weights=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/weights.safetensors",
        chunks=sample_chunks,
    output:
        stamps=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.h5",
        record=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/sample/{{dataset}}/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sample/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=60,
    params:
        spec=spec("sample"),
        code=code("sample"),
    script:
        "../scripts/sample.py"
