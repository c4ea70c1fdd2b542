"""The step `baselines`: measure the variants that do not ask the controller.

They know no training: what they do is measured once for all controllers.
"""

from collections.abc import Mapping

import torch

from configs.refs import Ref
from configs.schema.evaluate import BARE, EvaluateStep
from models.session import Answer, Question
from tasks.evaluation.inputs import open_inputs
from tasks.evaluation.measuring import measure, table_of
from tasks.evaluation.trial import Setup
from tasks.running.context import Context


class Nobody:
    """Who is asked where no variant asks."""

    memory_size = 0

    def assist(self, question: Question) -> Answer:
        raise AssertionError("a baseline asked the controller")


def baselines(config: EvaluateStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Run all windows and publish the counts, and recordings of the bare command.

    Raises:
        UserError: an input is missing or does not fit.
    """
    settings = config.evaluate
    torch.set_num_threads(settings.threads)
    inputs = open_inputs(config.world, settings, refs, context)
    stage = Setup(config.world, settings, inputs, Nobody(), config.seed, context.threads)
    table = table_of(settings, settings.variants, dict.fromkeys(settings.variants))
    files = measure(stage, table, context, BARE).save(context.scratch)
    objects = ", ".join(item.name for item in inputs.specs)
    return context.publish(files, f"baselines on {objects}", list(refs.values()))
