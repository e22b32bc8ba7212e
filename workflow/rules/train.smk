rule train_segment:
    input:
        stamps=trained_on,
        state=previous_state,
    output:
        state=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/state_{{segment}}.pt",
        # Time, and on what: apart from the state, which is the same however long it took.
        cost=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/state_{{segment}}.cost.json",
        record=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/state_{{segment}}.json",
    log:
        f"{RESULTS}/logs/train/{{dataset}}/{{model}}/seed{{seed}}/segment_{{segment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{{dataset}}/{{model}}/seed{{seed}}/segment_{{segment}}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: training_threads
    resources:
        mem_mb=memory(16000),
        runtime=720,
        gpu=1,
        # No scheduler looks at it: how often progress is saved changes no number, and a profile may set it.
        checkpoint_seconds=600,
    params:
        spec=spec("train_segment"),
        code=code("train_segment"),
    script:
        "../scripts/train_segment.py"


rule export_weights:
    input:
        state=last_state,
    output:
        weights=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/weights.safetensors",
        history=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/history.csv",
        record=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/weights.json",
    log:
        f"{RESULTS}/logs/export_weights/{{dataset}}/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_weights/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=20,
    params:
        spec=spec("export_weights"),
        code=code("export_weights"),
    script:
        "../scripts/export_weights.py"
