# Inputs and threads of the studies: denoising, and the realism of sparse images.


def galaxies_path(dataset):
    """Real galaxies of a data set, at their own size where it keeps them."""
    return stamps_path(dataset, "native" if is_native(CONFIG.datasets[dataset].family) else "source")


@signed
def real_galaxies(wildcards):
    """Real galaxies that denoisers are trained, chosen and tested on."""
    return galaxies_path(wildcards.dataset)


@signed
def generated_galaxies(wildcards):
    """Generated galaxies that a denoiser is trained on, at their own size; none for alpha 0."""
    if wildcards.who == "source":
        return []
    if not optional(CONFIG.datasets[wildcards.dataset].settings, "sides"):
        return stamps_path(wildcards.dataset, wildcards.who)
    return f"{DENOISING}/{wildcards.dataset}/galaxies/{wildcards.who}.h5"


def denoiser_threads(wildcards):
    """Compute threads of a denoiser: part of its spec, because they change the bits."""
    return CONFIG.denoisers[wildcards.denoiser].threads


def denoiser_device(wildcards):
    """Device that a denoiser is told to take."""
    return CONFIG.denoisers[wildcards.denoiser].device


@signed
def brought_weights(wildcards):
    """The file of a network that was trained elsewhere."""
    return CONFIG.denoisers[wildcards.denoiser].weights


@signed
def denoised_noise(wildcards):
    """The calibrated noise in which denoised galaxies are measured, where there is one."""
    if not STAGES.denoising.denoised_noise(wildcards.dataset):
        return []
    return f"{RESULTS}/measurements/{wildcards.dataset}/noise-morphology.json"


def sweep_files(kind):
    """Files of the networks of a sweep, in the order of its spec."""

    def files(wildcards):
        sweep = STAGES.facts.sweep(wildcards.sweep)
        folder = f"{DENOISING}/{sweep.dataset}/{sweep.denoiser}"
        return [
            f"{folder}/{who}/alpha{alpha}-{replicate}.{kind}" for who, alpha, replicate in STAGES.facts.networks(sweep)
        ]

    return files


@signed
def judged_networks(wildcards):
    """Tables of the networks that generators are tested with, in the order of the spec."""
    networks = STAGES.stage("judge_denoising", {}).spec["networks"]
    return [
        f"{DENOISING}/{dataset}/{denoiser}/{who}/alpha{alpha}-{replicate}.parquet"
        for dataset, denoiser, who, alpha, replicate in networks
    ]


@signed
def sweep_brought(wildcards):
    """Tables of the brought networks of a sweep, in the order of its spec."""
    sweep = STAGES.facts.sweep(wildcards.sweep)
    return [f"{DENOISING}/{sweep.dataset}/{name}/brought.parquet" for name in sweep.brought]


def sweep_references(kind):
    """A file of the references of the data set of a sweep."""
    return lambda wildcards: f"{DENOISING}/{STAGES.facts.sweep(wildcards.sweep).dataset}/references.{kind}"


@signed
def scored_features(wildcards):
    """Features of the images with scores that scorers are trained on, by their measures."""
    folder = f"{RESULTS}/measurements/{wildcards.dataset}/scored"
    measures = STAGES.stage("cross_validate", {"dataset": wildcards.dataset}).spec["measures"]
    return {measure: f"{folder}/{measure}.parquet" for measure in measures}


@signed
def scorer_weights(wildcards):
    """ImageNet weights that a scorer begins with, where it has any."""
    return STAGES.realism.scorer_weights(wildcards.scorer)


def scorer_threads(wildcards):
    """Compute threads of a scorer: part of its spec, because they change last digits."""
    return CONFIG.realism.threads


def by_scorer(folder, ending, scorers):
    """A file of each of some scorers, by the scorer's name."""
    return {scorer: f"{folder}/{{dataset}}/predictions/{scorer}{ending}" for scorer in scorers}


def by_experiment(folder, ending):
    """A file of each experiment with a model, by the experiment's name."""
    return {name: f"{folder}/{{dataset}}/experiments/{{model}}-seed{{seed}}/{name}{ending}" for name in EXPERIMENTS}


def model_costs(wildcards):
    """Accounts of all segments of a training."""
    return STAGES.facts.costs(wildcards.dataset, wildcards.model, wildcards.seed)


@signed
def drawn_galaxies(wildcards):
    """Galaxies of each size class that a model draws; none where it draws whole images at once."""
    if not STAGES.facts.draws_galaxies(wildcards.dataset, wildcards.model):
        return []
    return f"{RESULTS}/samples/{wildcards.dataset}/{wildcards.model}/galaxies-seed{wildcards.seed}.h5"
