"""The step `objects`: check every object of a run and publish them in one form."""

from collections.abc import Mapping

from configs.refs import Ref
from configs.schema.objects import ObjectsStep, mesh_digest
from envs.objects import ObjectError, check_object, save_objects
from tasks.context import Context


def objects(config: ObjectsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish objects.json and each mesh's convex hull, which `envs.objects.load_objects` reads.

    Raises:
        ObjectError: an object cannot be simulated, or its mesh changed since the run began.
    """
    models = []
    for name, item in config.objects.items.items():
        models.append(check_object(item, config.objects))
        if item.mesh is not None and mesh_digest(item.mesh) != config.digests[name]:
            raise ObjectError(
                f"object {name!r}: mesh {item.mesh} changed during the run; run again"
            )
        context.progress(len(models), len(config.objects.items), "objects")
    files = save_objects(models, context.scratch)
    return context.publish({path.name: path for path in files}, "objects", tuple(refs.values()))
