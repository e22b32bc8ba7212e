rule train_segment:
    input:
        stamps=trained_on,
        state=previous_state,
    output:
        state=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/state_{{segment}}.pt",
        weights=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/weights_{{segment}}.safetensors",
        history=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/history_{{segment}}.csv",
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
        # Nor at this: images that a whole state before this segment has seen, where one that diverges passes the state
        # before it on; 0 where that is an error. No part of the spec, for a training that does not diverge is the same.
        whole_from=whole_from,
    params:
        spec=spec("train_segment"),
        code=code("train_segment"),
    script:
        "../scripts/train_segment.py"
