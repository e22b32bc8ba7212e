rule sample:
    input:
        weights=weights_of,
        source=conditions_source,
    output:
        stamps=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.h5",
        # Time, and on what: apart from the record, which is the same however long it took.
        cost=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.cost.json",
        record=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/sample/{{dataset}}/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sample/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    wildcard_constraints:
        dataset=DRIVER.sampled(in_parts=False),
        model=DRIVER.models(is_trained),
    threads: CONFIG.sampling.threads
    resources:
        mem_mb=memory("sample"),
        runtime=minutes("sample"),
        gpu=1,
        gpu_share=100,
    params:
        spec=spec("sample"),
        code=code("sample"),
    script:
        "../scripts/sample.py"


use rule sample as sample_chunk with:
    output:
        stamps=temp(f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}/part{{part}}of{{parts}}.h5"),
        cost=temp(f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}/part{{part}}of{{parts}}.cost.json"),
    log:
        f"{RESULTS}/logs/sample/{{dataset}}/{{model}}/seed{{seed}}/part{{part}}of{{parts}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sample/{{dataset}}/{{model}}/seed{{seed}}/part{{part}}of{{parts}}.tsv"
    wildcard_constraints:
        dataset=DRIVER.sampled(in_parts=True),
        model=DRIVER.models(is_trained),


use rule sample as merge_samples with:
    input:
        # The weights stand here too: the chunks are gone when a later run compares.
        weights=weights_of,
        source=conditions_source,
        chunks=sample_chunks("h5"),
        costs=sample_chunks("cost.json"),
    benchmark:
        f"{RESULTS}/benchmarks/merge_samples/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    wildcard_constraints:
        dataset=DRIVER.sampled(in_parts=True),
        model=DRIVER.models(is_trained),
    threads: 1
    resources:
        mem_mb=memory("merge_samples"),
        runtime=minutes("merge_samples"),


rule take_given:
    # Images that somebody else generated: read, compared with what the source's are, and kept as stamps.
    input:
        given=given_files,
        source=f"{RESULTS}/stamps/{{dataset}}.h5",
    output:
        stamps=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.h5",
        rejected=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.rejected.csv",
        record=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/take_given/{{dataset}}/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/take_given/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    wildcard_constraints:
        model=DRIVER.models(is_given),
    threads: 1
    resources:
        mem_mb=memory("take_given"),
        runtime=minutes("take_given"),
    params:
        spec=spec("take_given"),
        code=code("take_given"),
        listing=given_listing,
    script:
        "../scripts/take_given.py"


rule take_sources:
    # Images that other data sets of the configuration have: their stamps, or what models drew on them.
    input:
        sources=taken_files,
        source=f"{RESULTS}/stamps/{{dataset}}.h5",
    output:
        stamps=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.h5",
        record=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/take_sources/{{dataset}}/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/take_sources/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    wildcard_constraints:
        model=DRIVER.models(is_taken),
    threads: 1
    resources:
        mem_mb=memory("take_sources"),
        runtime=minutes("take_sources"),
    params:
        spec=spec("take_sources"),
        code=code("take_sources"),
    script:
        "../scripts/take_sources.py"


# One job for all models of a data set: each takes no longer than the start of a job.
for name in CONFIG.used_datasets:

    rule:
        name:
            rule_for("latents", name)
        input:
            **of_models(name, lambda model, seed: STAGES.facts.weights(name, model, seed)),
            stamps=f"{RESULTS}/stamps/{{dataset}}.h5",
        output:
            **of_models(name, lambda model, seed: f"{RESULTS}/samples/{{dataset}}/{model}/latents-seed{seed}.h5"),
            record=f"{RESULTS}/samples/{{dataset}}/latents.json",
        log:
            f"{RESULTS}/logs/latents/{{dataset}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/latents/{{dataset}}.tsv"
        wildcard_constraints:
            dataset=name,
        threads: CONFIG.sampling.threads
        resources:
            **where_there_is_a_gpu(sampling_device),
            mem_mb=memory("latents"),
            runtime=minutes("latents"),
        params:
            spec=spec(rule_for("latents", name)),
            code=code(rule_for("latents", name)),
        script:
            "../scripts/latents.py"
