import gc
import inspect
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# Where the package lies. The main Snakefile may lie elsewhere, and have galforge as a module.
HOME = Path(workflow.current_basedir).resolve().parent
sys.path.insert(0, str(HOME))

from galforge.errors import GalforgeError
from galforge.config.declared import optional
from galforge.config.tree import is_given, is_native, is_taken, is_trained
from galforge.plan.card_stages import card_records
from galforge.plan.comparisons import GROUPS, distance_files, tables_needed
from galforge.plan.driver import Driver
from galforge.plan.facts import rule_for
from galforge.plan.requests import LONGEST, Requests
from galforge.plan.table_stages import PREFIX
from galforge.operate.image import use_image
from galforge.operate.locks import keep_to_own_locks
from galforge.operate.one_start import start_once
from galforge.operate.patience import be_patient
from galforge.operate.scheduler import before_jobs, calm
from galforge.plan.realism_stages import EXPERIMENTS
from galforge.provenance.digest import PACKAGE

if PACKAGE.parent != HOME:
    raise WorkflowError(
        f"galforge was imported from {PACKAGE.parent}, and the rules are those of {HOME}: a workflow can have galforge "
        "from one checkout only, and no other copy may be installed"
    )

calm()
keep_to_own_locks()
be_patient()
start_once()

try:
    use_image(workflow)
    DRIVER = Driver(workflow, config)
    TABLES = DRIVER.stages.tables.planned
except GalforgeError as error:
    raise WorkflowError(str(error)) from None

STAGES = DRIVER.stages
CONFIG = DRIVER.config
REQUESTS = Requests(STAGES.facts)
RESULTS = f"results/{CONFIG.overall.name}"
RAW = CONFIG.overall.raw
DENOISING = f"{RESULTS}/studies/denoising"
REALISM = f"{RESULTS}/studies/realism"
MEASURINGS = list(STAGES.facts.measuring.values())
PARTED = [kind for kind in MEASURINGS if DRIVER.parted(kind)]


wildcard_constraints:
    file=DRIVER.downloads(),
    dataset="[a-z0-9_-]+",
    model="[a-z0-9_-]+",
    measure="[a-z0-9_-]+",
    who="[a-z0-9_-]+",
    group="|".join(GROUPS),
    seed=r"\d+",
    segment=r"\d+",
    part=r"\d+",
    parts=r"\d+",
    denoiser="[a-z0-9_-]+",
    alpha=r"\d\.\d\d",
    replicate=r"\d+",
    sweep=DRIVER.sweeps(),
    band=DRIVER.bands(),
    scorer="[a-z0-9_-]+",
    subject="[a-z0-9_-]+",


# Whether jobs share a GPU of this machine: a profile that limits shares (profiles/local) is for one machine, and where a GPU
# works, so does this command. On a cluster GPUs are for jobs that cannot do without.
SHARED_GPU = "gpu_share" in workflow.global_resources and shutil.which("nvidia-smi") is not None

# A plan of thousands of jobs is millions of objects that live to the end: looking for garbage among them takes seconds.
gc.set_threshold(100_000, 50, 100)


def signed(function):
    """A function that carries its signature: Snakemake asks for it twice per call, which took a tenth of a plan's time."""
    function.__signature__ = inspect.signature(function)
    return function


# Captions of the report stand in the configuration, where its template finds them: another text makes no file again.
config["captions"] = {
    f"{PREFIX}{job.name}": [[table.title, table.quantity, table.unit, table.reading] for table in job.tables]
    for job in TABLES.jobs.values()
}


def spec(rule):
    """The parameter `spec` of a rule, as a function of the wildcards."""
    return signed(lambda wildcards: STAGES.stage(rule, dict(wildcards)).spec_param)


def code(rule):
    """The parameter `code` of a rule, as a function of the wildcards."""
    return signed(lambda wildcards: STAGES.stage(rule, dict(wildcards)).code_param)


def memory(rule):
    """Memory of a job, as its line says: a retry gets as much again, for it may have been killed for want of it."""
    return signed(lambda wildcards, attempt: attempt * REQUESTS.megabytes(rule, dict(wildcards)))


def minutes(rule):
    """Time of a job, as its line says; a retry gets as much again, up to a day."""
    return signed(lambda wildcards, attempt: min(attempt * REQUESTS.minutes(rule, dict(wildcards)), LONGEST))


def where_there_is_a_gpu(device, share=100):
    """Resources of a job that takes a GPU where there is one and its device, by the wildcards, is not the CPU.

    ``share`` is how much of it [%], which limits what runs beside it.
    """
    if not SHARED_GPU:
        return {}
    here = signed(lambda wildcards: int(device(wildcards) != "cpu"))
    return {"gpu": here, "gpu_share": signed(lambda wildcards: share * here(wildcards))}


def raw_of(wildcards):
    """Raw input of a data set: its download, the path the user gave, or nothing."""
    # A folder has no checksum, and its date changes with any file that comes and goes: its listing decides instead.
    return [ancient(path) if Path(path).is_dir() else path for path in DRIVER.raw(wildcards.dataset)]


def stamps_files(rule):
    """What a rule makes of raw input, which its name says. That is stamps, and the raw file of mocks.

    Galaxies of many sizes are kept as they are, too: that shows what one size for all costs. Of sparse images there are
    those with scores, for networks that score, and what of images generators are trained on.
    """
    words = rule.split("_")
    kinds = {"native": ("native",), "scored": ("scored", "parts", "thumbnails")}
    files = {"raw": f"{RESULTS}/raw/{{dataset}}.tar"} if "mock" in words else {}
    # Folds are cut of the whole by a job of its own.
    files["stamps"] = f"{RESULTS}/stamps/{{dataset}}{'.whole' if 'folded' in words else ''}.h5"
    return files | {kind: f"{RESULTS}/stamps/{{dataset}}.{kind}.h5" for word in words for kind in kinds.get(word, ())}


def stamps_rules(subsets):
    """Rules that make the stamps of data sets, or of those that are a part of another."""
    chosen = (name for name, entry in CONFIG.datasets.items() if bool(entry.subset) == subsets)
    return sorted(set(map(STAGES.facts.stamps_rule, chosen)))


def whole_stamps(rule):
    """The stamps that a part is taken of, by kind."""

    def whole(kind):
        return signed(lambda wildcards: stamps_path(CONFIG.datasets[wildcards.dataset].subset.subset_of, kind))

    return {kind: whole("source" if kind == "stamps" else kind) for kind in stamps_files(rule)}


def listing_of(wildcards):
    """Digest of the names and contents in a folder of cutouts: Snakemake does not look into folders."""
    return DRIVER.listing(wildcards.dataset)


def template_of(wildcards):
    """Digest of the page's template: no module, so the code digest does not see it."""
    return DRIVER.template()


@signed
def stamps_of(wildcards):
    """The stamps file that a source or a model has."""
    return stamps_path(wildcards.dataset, wildcards.who)


def stamps_path(dataset, who):
    if who == "source":
        return f"{RESULTS}/stamps/{dataset}.h5"
    if who in ("native", "scored"):
        return f"{RESULTS}/stamps/{dataset}.{who}.h5"
    model, seed = who.rsplit("-seed", 1)
    return f"{RESULTS}/samples/{dataset}/{model}/seed{seed}.h5"


@signed
def trained_on(wildcards):
    """What of a data set's images a model is trained on: its stamps, or a view of them."""
    view = STAGES.facts.view(wildcards.dataset, wildcards.model)
    return f"{RESULTS}/stamps/{wildcards.dataset}.{view}.h5" if view else stamps_path(wildcards.dataset, "source")


def previous_state(wildcards):
    """The state before a segment; none before the first."""
    before = int(wildcards.segment) - 1
    files = STAGES.facts.trained(wildcards.dataset, wildcards.model, wildcards.seed, before)
    return files["state"] if before >= 0 else []


@signed
def whole_from(wildcards):
    """Images seen at the end of the segment before, where a snapshot is chosen from the training; otherwise 0."""
    return STAGES.facts.whole_from(wildcards.dataset, wildcards.model, int(wildcards.segment))


@signed
def scored_against(wildcards):
    """What a snapshot is scored with: the source and its measurements, and what its images are measured with."""
    dataset, model = wildcards.dataset, wildcards.model
    by = CONFIG.models[dataset, model].snapshot.by
    files = {"source": stamps_path(dataset, "source")}
    files["measured"] = f"{RESULTS}/measurements/{dataset}/source/{by}.parquet"
    return files | measured_with(dataset, by)


@signed
def snapshots_of(wildcards):
    """All snapshots of a training, their scores, and the account of its last segment."""
    facts, key = STAGES.facts, (wildcards.dataset, wildcards.model, wildcards.seed)
    files = facts.snapshot(*key)
    return {"scores": files["scores"], "snapshots": files["snapshots"], "cost": facts.trained(*key)["cost"]}


def training_threads(wildcards):
    """Compute threads of a training: part of its spec, because they change the bits."""
    return CONFIG.models[wildcards.dataset, wildcards.model].training.threads


def sampling_device(wildcards):
    """Device that images are drawn on."""
    return CONFIG.sampling.device


def most_training_threads():
    """Compute threads of the training that has most."""
    return max(CONFIG.models[run.dataset, run.model].training.threads for run in CONFIG.run)


@signed
def weights_of(wildcards):
    """The averaged weights that images are drawn from."""
    return STAGES.facts.weights(wildcards.dataset, wildcards.model, wildcards.seed)


@signed
def given_files(wildcards):
    """Images that somebody else generated, and their catalogue."""
    files = DRIVER.given(wildcards.dataset, wildcards.model)
    return [ancient(path) if Path(path).is_dir() else path for path in files]


def given_listing(wildcards):
    """Digest of what is in a folder of such images."""
    return DRIVER.given_listing(wildcards.dataset, wildcards.model)


@signed
def taken_files(wildcards):
    """Stamps of other data sets, or what models drew on them."""
    return STAGES.facts.taken_from(wildcards.dataset, wildcards.model, wildcards.seed)


@signed
def conditions_source(wildcards):
    """The source's stamps, where generated ones take their conditions from them."""
    takes = STAGES.facts.takes_conditions(wildcards.dataset, wildcards.model)
    return stamps_path(wildcards.dataset, "source") if takes else []


@signed
def told_of_weights(wildcards):
    """What the card of a model's weights is made of: the accounts, record and distances of its training."""
    return STAGES.exports.weights_told(wildcards.dataset, wildcards.model, wildcards.seed)


def sample_chunks(ending):
    """A file of each part of a model's stamps."""

    def files(wildcards):
        parts = STAGES.facts.sample_parts(wildcards.dataset)
        folder = f"{RESULTS}/samples/{wildcards.dataset}/{wildcards.model}/seed{wildcards.seed}"
        return [f"{folder}/part{i}of{parts}.{ending}" for i in range(parts)]

    return signed(files)


def of_variants(kind, folder, ending, part=False):
    """A file of each variant that a job measures, by the variant's name, or of a part of its stamps."""
    file = "{}/part{{part}}of{{parts}}" if part else "{}"
    path = f"{RESULTS}/{folder}/{{{{dataset}}}}/{{}}/{file}{ending}"
    return {name: path.format(*variant) for name, variant in kind.variants.items()}


def parts_of_variants(kind):
    """Measurements of a part of the stamps, which go when they are put together."""
    return {name: temp(file) for name, file in of_variants(kind, "measurements", ".parquet", True).items()}


def measuring_record(kind):
    """The record of a job that measures stamps: that of its first variant."""
    return next(iter(of_variants(kind, "measurements", ".json").values()))


def measured_with(dataset, measure):
    """Files besides the stamps that a measure is taken with: calibrated noise, stamps that set the scale, weights."""
    files = {}
    if STAGES.facts.calibrates(dataset, measure):
        files["noise"] = f"{RESULTS}/measurements/{dataset}/noise-{measure}.json"
    if DRIVER.stretches(dataset, measure):
        files["scale"] = stamps_path(dataset, "source")
    if weights := DRIVER.weights(dataset, measure):
        files["weights"] = weights
    return files


def measuring_input(kind, part=False):
    """What a job reads that measures stamps, or puts the parts of its measurements together.

    By variant: its stamps, calibrated noise, the source's stamps where they set the scale at which a network sees
    anybody's, the network's weights, and parts. What parts are made from stands there too: they are gone when a later
    run compares.
    """

    def given(wildcards):
        dataset, files = wildcards.dataset, {}
        for name, (who, measure) in kind.variants.items():
            who = who.format(**dict(wildcards.items()))
            parts = 1 if part else STAGES.facts.measure_parts(dataset, who, kind.measures)
            files[f"stamps {who}"] = stamps_path(dataset, who)
            files |= {f"{what} {name}": path for what, path in measured_with(dataset, measure).items()}
            if parts > 1:
                folder = f"{RESULTS}/measurements/{dataset}/{who}/{measure}"
                files[f"chunks {name}"] = [f"{folder}/part{i}of{parts}.parquet" for i in range(parts)]
        return files

    return signed(given)


def measuring_threads(kind):
    """Compute threads of the networks that a job measures with; what measures without one takes one."""
    return signed(
        lambda wildcards: max(
            optional(CONFIG.measured[wildcards.dataset, measure].settings, "threads") for measure in kind.measures
        )
    )


def measuring_gpu(kind):
    """GPU of a job that measures stamps with a network; what measures without one asks for none."""

    def device(dataset):
        found = {optional(CONFIG.measured[dataset, measure].settings, "device") for measure in kind.measures}
        return next(iter(found - {"cpu"}), "cpu")

    if all(device(dataset) == "cpu" for dataset in kind.datasets):
        return {}
    return where_there_is_a_gpu(lambda wildcards: device(wildcards.dataset))


def measurements_compared(wildcards):
    """Tables of measurements that a group of comparisons needs, in the order of its spec."""
    needed = tables_needed(CONFIG, wildcards.dataset, wildcards.model, wildcards.seed, wildcards.group)
    return [f"{RESULTS}/measurements/{wildcards.dataset}/{who}/{measure}.parquet" for who, measure in needed]


def of_models(dataset, file):
    """A file of each trained model of a data set, by the model's name and seed."""
    return {
        f"{run.model}-seed{seed}": file(run.model, seed)
        for run in STAGES.facts.trained_runs(dataset)
        for seed in run.seeds
    }


def table_files(tables):
    """Output files of a job of tables, by the name of the rule's output."""
    files = {}
    for table in tables:
        path = f"{RESULTS}/tables/{table.name}"
        labels = {"paper": table.paper or "all", "table": table.title}
        csv = report(f"{path}.csv", caption="../report/table.rst", category="Tables", labels=labels)
        files |= {f"{table.file}_csv": csv, f"{table.file}_md": f"{path}.md", f"{table.file}_tex": f"{path}.tex"}
    return files | {"record": f"{RESULTS}/tables/{tables[0].name}.json"}


def all_distances(wildcards):
    """Every distance that there is: those of comparisons without a table, too."""
    return [path for dataset in CONFIG.used_datasets for path in distance_files(CONFIG, dataset)]


def page_tables(wildcards):
    """Tables that the configured measures fill."""
    return [f"{RESULTS}/tables/{name}.csv" for name in TABLES.names]


def page_figures(wildcards):
    """Figures of every data set that runs."""
    return STAGES.figures.pictures()


def page_stamps(wildcards):
    """Source stamps of every data set that runs: the page says how many there are and where they come from."""
    return [stamps_path(dataset, "source") for dataset in CONFIG.used_datasets]


def records_of_card(wildcards):
    """Records of how the sources were measured and compared."""
    return card_records(STAGES.facts)


before_jobs(workflow, DRIVER.write_plan)
