"""Groups of configuration that several steps share."""

from configs.layout import Layout, LayoutConfig, layout_of
from configs.schema.hand import Hand
from configs.schema.physics import Physics, Randomization
from configs.schema.strict import strict
from configs.schema.task import Control, Task


@strict
class Embodiment:
    """What a dataset, a model and a robot must agree on; its layout is their contract."""

    hand: Hand
    control: Control
    layout: LayoutConfig

    def make_layout(self) -> Layout:
        return layout_of(self.hand, self.control, self.layout)


@strict
class World:
    """Everything that makes a simulated environment."""

    embodiment: Embodiment
    physics: Physics
    randomization: Randomization
    task: Task
