"""What the pipeline's parts are called: two environments are two apps, which know each other by names alone."""

from settings.loading import Settings


def pipeline_name(settings: Settings) -> str:
    """Of the pipeline that releases to the environment, which may be another environment's."""
    owner = settings.owner.environment if settings.owner else settings.environment
    return f"{settings.project}-{owner}-pipeline"


def stage_label(settings: Settings) -> str:
    """With which the names of the environment's stages begin; nothing where the pipeline releases there alone."""
    if settings.owner:
        return "Staging"
    return "Production" if settings.pipeline.staging else ""


def stages_role(settings: Settings) -> str:
    """Of the pipeline itself."""
    return f"{pipeline_name(settings)}-stages"


def project_role(settings: Settings, what: str) -> str:
    """Of a CodeBuild project of the pipeline that has to do with this environment: `acceptance`, `infrastructure`."""
    return "-".join(filter(None, (pipeline_name(settings), stage_label(settings).lower(), what)))


def build_role(settings: Settings, component: str) -> str:
    """Of the project that builds a component's image, for every environment of the pipeline."""
    return f"{pipeline_name(settings)}-build-{component}"


def release_role(settings: Settings) -> str:
    """What the pipeline becomes to ask for releases in the environment."""
    return settings.stack_name("pipeline")


def infrastructure_role(settings: Settings) -> str:
    """What the pipeline becomes to deploy the environment's stacks."""
    return settings.stack_name("infrastructure")
