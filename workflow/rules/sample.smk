rule sample_chunk:
    input:
        weights=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/weights.safetensors",
        source=conditions_source,
    output:
        stamps=temp(f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}/part{{part}}of{{parts}}.h5"),
    log:
        f"{RESULTS}/logs/sample/{{dataset}}/{{model}}/seed{{seed}}/part{{part}}of{{parts}}.log",
    conda:
        "../../envs/train.yaml"
    threads: CONFIG.sampling.threads
    resources:
        mem_mb=memory(8000),
        runtime=480,
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
        source=conditions_source,
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


rule latents:
    input:
        weights=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/weights.safetensors",
        stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
    output:
        stamps=f"{RESULTS}/samples/{{dataset}}/{{model}}/latents-seed{{seed}}.h5",
        record=f"{RESULTS}/samples/{{dataset}}/{{model}}/latents-seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/latents/{{dataset}}/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/latents/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: CONFIG.sampling.threads
    resources:
        mem_mb=memory(4000),
        runtime=30,
    params:
        spec=spec("latents"),
        code=code("latents"),
    script:
        "../scripts/latents.py"


rule export_fits:
    # Asked for by name: generated or source stamps for programs that read FITS.
    input:
        stamps=stamps_of,
    output:
        fits=f"{RESULTS}/fits/{{dataset}}/{{who}}.fits",
        record=f"{RESULTS}/fits/{{dataset}}/{{who}}.json",
    log:
        f"{RESULTS}/logs/export_fits/{{dataset}}/{{who}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_fits/{{dataset}}/{{who}}.tsv"
    conda:
        "../../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=60,
    params:
        spec=spec("export_fits"),
        code=code("export_fits"),
    script:
        "../scripts/export_fits.py"
