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
    threads: training_threads
    resources:
        mem_mb=memory("train_segment"),
        runtime=minutes("train_segment"),
        gpu=1,
        gpu_share=100,
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


rule score_snapshot:
    input:
        unpack(scored_against),
        snapshot=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/weights_{{segment}}.safetensors",
    output:
        score=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/score_{{segment}}.json",
        record=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/score_{{segment}}.record.json",
    log:
        f"{RESULTS}/logs/score_snapshot/{{dataset}}/{{model}}/seed{{seed}}/segment_{{segment}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_snapshot/{{dataset}}/{{model}}/seed{{seed}}/segment_{{segment}}.tsv"
    threads: CONFIG.sampling.threads
    resources:
        mem_mb=memory("score_snapshot"),
        runtime=minutes("score_snapshot"),
        gpu=1,
        gpu_share=100,
    params:
        spec=spec("score_snapshot"),
        code=code("score_snapshot"),
    script:
        "../scripts/score_snapshot.py"


rule choose_snapshot:
    input:
        unpack(snapshots_of),
    output:
        # A second name of the chosen one's file.
        weights=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/snapshot.safetensors",
        choice=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/snapshot.json",
        record=f"{RESULTS}/models/{{dataset}}/{{model}}/seed{{seed}}/snapshot.record.json",
    log:
        f"{RESULTS}/logs/choose_snapshot/{{dataset}}/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/choose_snapshot/{{dataset}}/{{model}}/seed{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("choose_snapshot"),
        runtime=minutes("choose_snapshot"),
    params:
        spec=spec("choose_snapshot"),
        code=code("choose_snapshot"),
    script:
        "../scripts/choose_snapshot.py"
