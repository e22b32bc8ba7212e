rule page:
    input:
        tables=page_tables,
        figures=page_figures,
        stamps=page_stamps,
    output:
        page=report(f"{RESULTS}/report/index.html", caption="../report/page.rst", category="Page"),
        record=f"{RESULTS}/report/index.json",
    log:
        f"{RESULTS}/logs/page.log",
    benchmark:
        f"{RESULTS}/benchmarks/page.tsv"
    threads: 1
    resources:
        mem_mb=memory("page"),
        runtime=minutes("page"),
    params:
        spec=spec("page"),
        code=code("page"),
        template=template_of,
    script:
        "../scripts/page.py"


rule card:
    # Headline numbers in one file, to put beside those of others: python -m galforge.cards a.json b.json
    input:
        tables=page_tables,
        stamps=page_stamps,
        records=records_of_card,
    output:
        card=f"{RESULTS}/card.json",
        table=f"{RESULTS}/card.md",
        record=f"{RESULTS}/card.record.json",
    log:
        f"{RESULTS}/logs/card.log",
    benchmark:
        f"{RESULTS}/benchmarks/card.tsv"
    threads: 1
    resources:
        mem_mb=memory("card"),
        runtime=minutes("card"),
    params:
        spec=spec("card"),
        code=code("card"),
    script:
        "../scripts/card.py"
