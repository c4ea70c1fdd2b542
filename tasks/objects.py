"""The step `objects`: check objects and publish them in one form, one step an object.

One step each, so that a new object, or a changed one, leaves the others' grasps alone.
"""

from collections.abc import Mapping

from configs.errors import UserError
from configs.refs import Ref
from configs.schema.objects import ObjectStep, mesh_digest
from envs.shapes.objects import ObjectModel, check_object, load_objects, save_objects
from tasks.running.context import Context

OBJECTS = "objects/"  # prefix of the references to objects


def objects(config: ObjectStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish an object's shape and pieces, which `envs.shapes.objects.load_objects` reads.

    Raises:
        UserError: the object cannot be simulated, or its mesh changed since the run began.
    """
    item = config.item
    model = check_object(item, config.limits)
    if item.mesh is not None and mesh_digest(item.mesh) != config.digest:
        raise UserError(
            f"object {item.name!r}: mesh {item.mesh.file} changed during the run; run again"
        )
    files = save_objects([model], context.scratch)
    return context.publish({path.name: path for path in files}, "objects", tuple(refs.values()))


def open_objects(refs: Mapping[str, Ref], context: Context) -> dict[str, ObjectModel]:
    """Return the objects behind the references `objects/<name>`, by name."""
    folders = (context.open(ref) for name, ref in sorted(refs.items()) if name.startswith(OBJECTS))
    return {name: model for folder in folders for name, model in load_objects(folder).items()}
