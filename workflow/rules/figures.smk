# One job draws all figures of a paper and a data set (or a sweep of the denoising study) that show the same trainings.

# Captions of Snakemake's own report: in no parameter, so rewording one draws nothing again.
config["captions"] |= {job.name: job.captions() for job in STAGES.figures.jobs.values()}

for job in STAGES.figures.jobs.values():

    rule:
        name:
            job.name
        input:
            **job.inputs,
        output:
            **{
                figure: report(path, caption="../report/figure.rst", category="Figures", labels=job.labels(figure))
                for figure, path in job.pictures().items()
            },
            **job.files(),
            record=f"{job.folder}/{job.name}.json",
        log:
            f"{RESULTS}/logs/{job.name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/{job.name}.tsv"
        threads: 1
        resources:
            mem_mb=memory("figures"),
            runtime=minutes("figures"),
        params:
            spec=spec(job.name),
            code=code(job.name),
        script:
            "../scripts/figure.py"
