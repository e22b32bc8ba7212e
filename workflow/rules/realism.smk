# Scorers of features need minutes: one job tries them all, and trains that of generated images on all images with
# scores, so that no generated image waits for a network. Networks have a job each.
rule cross_validate:
    input:
        unpack(scored_features),
    output:
        **by_scorer(REALISM, ".parquet", STAGES.realism.scorers(by_network=False)),
        scorer=f"{REALISM}/{{dataset}}/scorer.json",
        record=f"{REALISM}/{{dataset}}/predictions.json",
    log:
        **by_scorer(f"{RESULTS}/logs/realism", ".log", STAGES.realism.scorers(by_network=False)),
    benchmark:
        f"{RESULTS}/benchmarks/realism/{{dataset}}/predictions.tsv"
    threads: scorer_threads
    resources:
        mem_mb=memory("cross_validate"),
        runtime=minutes("cross_validate"),
    params:
        spec=spec("cross_validate"),
        code=code("cross_validate"),
    script:
        "../scripts/cross_validate.py"


rule cross_validate_network:
    input:
        stamps=f"{RESULTS}/stamps/{{dataset}}.scored.h5",
        weights=scorer_weights,
    output:
        predictions=f"{REALISM}/{{dataset}}/predictions/{{scorer}}.parquet",
        record=f"{REALISM}/{{dataset}}/predictions/{{scorer}}.json",
    log:
        f"{RESULTS}/logs/realism/{{dataset}}/predictions/{{scorer}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/realism/{{dataset}}/predictions/{{scorer}}.tsv"
    wildcard_constraints:
        scorer=DRIVER.scoring_networks(),
    threads: scorer_threads
    resources:
        mem_mb=memory("cross_validate_network"),
        runtime=minutes("cross_validate_network"),
        gpu=1,
        gpu_share=100,
    params:
        spec=spec("cross_validate_network"),
        code=code("cross_validate_network"),
    script:
        "../scripts/cross_validate_network.py"


# Stamps of any data set can be scored: `subject` is theirs, `dataset` that of the scorer.
rule score:
    input:
        scorer=f"{REALISM}/{{dataset}}/scorer.json",
        features=f"{RESULTS}/measurements/{{subject}}/{{who}}/realism.parquet",
    output:
        scores=f"{REALISM}/{{dataset}}/scores/{{subject}}/{{who}}.parquet",
        record=f"{REALISM}/{{dataset}}/scores/{{subject}}/{{who}}.json",
    log:
        f"{RESULTS}/logs/realism/{{dataset}}/scores/{{subject}}/{{who}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/realism/{{dataset}}/scores/{{subject}}/{{who}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("score"),
        runtime=minutes("score"),
    params:
        spec=spec("score"),
        code=code("score"),
    script:
        "../scripts/score.py"


rule sample_galaxies:
    input:
        weights=weights_of,
    output:
        stamps=f"{RESULTS}/samples/{{dataset}}/{{model}}/galaxies-seed{{seed}}.h5",
        record=f"{RESULTS}/samples/{{dataset}}/{{model}}/galaxies-seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/sample_galaxies/{{dataset}}/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/sample_galaxies/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    threads: CONFIG.sampling.threads
    resources:
        **where_there_is_a_gpu(sampling_device),
        mem_mb=memory("sample_galaxies"),
        runtime=minutes("sample_galaxies"),
    params:
        spec=spec("sample_galaxies"),
        code=code("sample_galaxies"),
    script:
        "../scripts/sample_galaxies.py"


rule experiment:
    input:
        weights=weights_of,
        scorer=f"{REALISM}/{{dataset}}/scorer.json",
    output:
        **by_experiment(REALISM, ".parquet"),
        rows=f"{REALISM}/{{dataset}}/experiments/{{model}}-seed{{seed}}.csv",
        record=f"{REALISM}/{{dataset}}/experiments/{{model}}-seed{{seed}}.json",
    log:
        **by_experiment(f"{RESULTS}/logs/realism", ".log"),
    benchmark:
        f"{RESULTS}/benchmarks/realism/{{dataset}}/experiments/{{model}}-seed{{seed}}.tsv"
    threads: CONFIG.sampling.threads
    resources:
        **where_there_is_a_gpu(sampling_device),
        mem_mb=memory("experiment"),
        runtime=minutes("experiment"),
    params:
        spec=spec("experiment"),
        code=code("experiment"),
    script:
        "../scripts/experiment.py"


# Rows of tables are made where the scores are: both take less than the start of a job.
ruleorder: score_generator > score_real > score


rule score_generator:
    input:
        scorer=f"{REALISM}/{{dataset}}/scorer.json",
        features=f"{RESULTS}/measurements/{{dataset}}/{{model}}-seed{{seed}}/realism.parquet",
        real=f"{RESULTS}/measurements/{{dataset}}/scored/realism.parquet",
        segments=model_costs,
        drawing=f"{RESULTS}/samples/{{dataset}}/{{model}}/seed{{seed}}.cost.json",
        galaxies=drawn_galaxies,
    output:
        scores=f"{REALISM}/{{dataset}}/scores/{{dataset}}/{{model}}-seed{{seed}}.parquet",
        rows=f"{REALISM}/{{dataset}}/generators/{{model}}-seed{{seed}}.csv",
        record=f"{REALISM}/{{dataset}}/generators/{{model}}-seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/realism/{{dataset}}/generators/{{model}}-seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/realism/{{dataset}}/generators/{{model}}-seed{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("score"),
        runtime=minutes("score"),
    params:
        spec=spec("score_generator"),
        code=code("score_generator"),
    script:
        "../scripts/score_generator.py"


rule score_real:
    input:
        **by_scorer(REALISM, ".parquet", CONFIG.realism.scorers),
        scorer=f"{REALISM}/{{dataset}}/scorer.json",
        features=f"{RESULTS}/measurements/{{dataset}}/scored/realism.parquet",
    output:
        scores=f"{REALISM}/{{dataset}}/scores/{{dataset}}/scored.parquet",
        real=f"{REALISM}/{{dataset}}/generators/real.csv",
        scorers=f"{REALISM}/{{dataset}}/scorers.csv",
        record=f"{REALISM}/{{dataset}}/scorers.json",
    log:
        f"{RESULTS}/logs/realism/{{dataset}}/scorers.log",
    benchmark:
        f"{RESULTS}/benchmarks/realism/{{dataset}}/scorers.tsv"
    threads: 1
    resources:
        mem_mb=memory("score"),
        runtime=minutes("score"),
    params:
        spec=spec("score_real"),
        code=code("score_real"),
    script:
        "../scripts/score_real.py"
