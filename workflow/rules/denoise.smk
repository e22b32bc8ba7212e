rule denoise_galaxies:
    input:
        stamps=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.h5",
    output:
        galaxies=f"{DENOISING}/{{dataset}}/galaxies/{{model}}-seed{{seed}}.h5",
        record=f"{DENOISING}/{{dataset}}/galaxies/{{model}}-seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/denoising/{{dataset}}/galaxies/{{model}}-seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/denoising/{{dataset}}/galaxies/{{model}}-seed{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("denoise_galaxies"),
        runtime=minutes("denoise_galaxies"),
    params:
        spec=spec("denoise_galaxies"),
        code=code("denoise_galaxies"),
    script:
        "../scripts/denoise_galaxies.py"


rule train_denoiser:
    input:
        real=real_galaxies,
        generated=generated_galaxies,
    output:
        weights=f"{DENOISING}/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.safetensors",
        history=f"{DENOISING}/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.csv",
        record=f"{DENOISING}/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.json",
    log:
        f"{RESULTS}/logs/denoising/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/denoising/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.tsv"
    threads: denoiser_threads
    resources:
        mem_mb=memory("train_denoiser"),
        runtime=minutes("train_denoiser"),
        gpu=1,
        gpu_share=100,
        # As for trainings: how often progress is saved changes no number.
        checkpoint_seconds=600,
    params:
        spec=spec("train_denoiser"),
        code=code("train_denoiser"),
    script:
        "../scripts/train_denoiser.py"


rule evaluate_denoiser:
    input:
        real=real_galaxies,
        weights=f"{DENOISING}/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.safetensors",
        noise=denoised_noise,
    output:
        table=f"{DENOISING}/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.parquet",
        examples=f"{DENOISING}/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.npz",
        record=f"{DENOISING}/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.tests.json",
    log:
        f"{RESULTS}/logs/denoising/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.tests.log",
    benchmark:
        f"{RESULTS}/benchmarks/denoising/{{dataset}}/{{denoiser}}/{{who}}/alpha{{alpha}}-{{replicate}}.tests.tsv"
    threads: denoiser_threads
    resources:
        **where_there_is_a_gpu(denoiser_device, 25),
        mem_mb=memory("evaluate_denoiser"),
        # Most of it measures galaxies: a GPU would wait, so networks of others share it.
        runtime=minutes("evaluate_denoiser"),
    params:
        spec=spec("evaluate_denoiser"),
        code=code("evaluate_denoiser"),
    script:
        "../scripts/evaluate_denoiser.py"


rule evaluate_brought:
    input:
        real=real_galaxies,
        weights=brought_weights,
        noise=denoised_noise,
    output:
        table=f"{DENOISING}/{{dataset}}/{{denoiser}}/brought.parquet",
        record=f"{DENOISING}/{{dataset}}/{{denoiser}}/brought.json",
    log:
        f"{RESULTS}/logs/denoising/{{dataset}}/{{denoiser}}/brought.log",
    benchmark:
        f"{RESULTS}/benchmarks/denoising/{{dataset}}/{{denoiser}}/brought.tsv"
    threads: denoiser_threads
    resources:
        **where_there_is_a_gpu(denoiser_device, 25),
        mem_mb=memory("evaluate_denoiser"),
        # As of networks that are trained here.
        runtime=minutes("evaluate_denoiser"),
    params:
        spec=spec("evaluate_brought"),
        code=code("evaluate_brought"),
    script:
        "../scripts/evaluate_brought.py"


rule denoising_references:
    input:
        real=real_galaxies,
        noise=denoised_noise,
    output:
        table=f"{DENOISING}/{{dataset}}/references.parquet",
        examples=f"{DENOISING}/{{dataset}}/references.npz",
        record=f"{DENOISING}/{{dataset}}/references.json",
    log:
        f"{RESULTS}/logs/denoising/{{dataset}}/references.log",
    benchmark:
        f"{RESULTS}/benchmarks/denoising/{{dataset}}/references.tsv"
    threads: 1
    resources:
        mem_mb=memory("denoising_references"),
        runtime=minutes("denoising_references"),
    params:
        spec=spec("denoising_references"),
        code=code("denoising_references"),
    script:
        "../scripts/denoising_references.py"


rule summarise_denoising:
    input:
        networks=sweep_files("parquet"),
        references=sweep_references("parquet"),
        brought=sweep_brought,
    output:
        summary=f"{DENOISING}/summaries/{{sweep}}.csv",
        record=f"{DENOISING}/summaries/{{sweep}}.json",
    log:
        f"{RESULTS}/logs/denoising/summaries/{{sweep}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/denoising/summaries/{{sweep}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("summarise_denoising"),
        runtime=minutes("summarise_denoising"),
    params:
        spec=spec("summarise_denoising"),
        code=code("summarise_denoising"),
    script:
        "../scripts/summarise_denoising.py"


rule judge_denoising:
    input:
        networks=judged_networks,
    output:
        verdicts=f"{DENOISING}/verdicts.csv",
        record=f"{DENOISING}/verdicts.json",
    log:
        f"{RESULTS}/logs/denoising/verdicts.log",
    benchmark:
        f"{RESULTS}/benchmarks/denoising/verdicts.tsv"
    threads: 1
    resources:
        mem_mb=memory("judge_denoising"),
        runtime=minutes("judge_denoising"),
    params:
        spec=spec("judge_denoising"),
        code=code("judge_denoising"),
    script:
        "../scripts/judge_denoising.py"
