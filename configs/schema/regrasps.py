"""Regrasps: a finger lifts off, goes over and presses on elsewhere while the others hold."""

from typing import Annotated

from pydantic import Field, model_validator

from configs.schema.grasps import Grasps, Wrench
from configs.schema.physics import Physics, Randomization
from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.world import Embodiment


@strict
class Balance:
    """Forces with which the fingers that stay hold the object by themselves."""

    pyramid: Wrench  # of friction at each contact, and the solver's iterations
    spread: NonNegative  # weight of unequal shares beside the net wrench
    residual: Positive  # of a squeeze with sum 1: a larger net wrench does not hold
    least_share: Share  # of a squeeze: a finger that comes takes so much at least
    force: Positive  # [N] mean normal force of a contact


@strict
class Proposals:
    """Where a finger may go next."""

    points: Count  # of the surface that are looked at for each finger
    kept: Count  # of those within reach, the best for what comes after
    reach: Positive  # [m] from such a point to the nearest pad of the finger's table
    tries: Count  # entries of that table that are looked at
    apart: Positive  # [m] least distance to another finger's contact
    moved: Positive  # [m] least distance to the contact that is given up
    fresh: Positive  # [m] a finger that joins is worth as much as a contact nearer by so much


@strict
class Path:
    """How a finger travels: off, over, onto."""

    height: Positive  # [m] above the surface at both ends of the way over
    unload_steps: Count  # control steps in which the others take over the squeeze
    press_steps: Count  # control steps in which the finger takes its share
    rate: Annotated[float, Field(gt=0, le=1)]  # of the action's largest step, on the way


@strict
class Gait:
    """Turning in steps: as far as the grasp allows, then a finger goes where it can push on."""

    step_rotation: Positive  # [rad] a step in the grasp turns the object so far at most
    step_position: Positive  # [m] and moves it so far
    ahead: Positive  # [rad] contacts are chosen for a pose so far on
    give: NonNegative  # [m] a link may be so far in the object when a step is planned: it yields


@strict
class Servo:
    """While a motion is played, holding fingers go on by what the object still lacks."""

    gain: Share  # of that way, each control step
    damping: Positive  # [m] of the least-squares joint step
    limit: Positive  # [rad] largest correction of a joint's target
    least_force: NonNegative  # [N] a finger that holds and presses with less is light
    press: NonNegative  # [m] that the pad of a light finger goes inwards, each control step


@strict
class Playing:
    """A motion counts when it does what it should in draws of Table III."""

    slots: Count  # motions played at the same time
    scales: Count  # of the object, spread over Table III's range
    draws: Count  # of Table III, in which each motion is played
    needed: Count  # draws that must land
    wait_steps: Count  # control steps before it begins
    hold_steps: Count  # control steps after its end
    directions: Annotated[int, Field(ge=3)]  # that gravity turns through meanwhile
    touch: Positive  # [N] least force of a finger that touches
    position: Positive  # [m] a draw lands within so far of where it should
    rotation: Positive  # [rad] a draw lands within so much of the rotation
    slack: Annotated[float, Field(ge=1)]  # [tolerances] a draw may miss so far what was planned
    lost: Positive  # [tolerances] an object farther from where it should end is given up
    least: NonNegative  # [tolerances] a step in the grasp moves the object so far at least

    @model_validator(mode="after")
    def some_can_fail(self) -> "Playing":
        if self.needed > self.draws:
            raise ValueError(f"needed {self.needed} is more than draws {self.draws}; lower needed")
        return self


@strict
class Growth:
    """A graph of grasps and motions, grown by playing them."""

    edges: Count  # growth ends with so many
    max_batches: Count  # or after so many batches
    proposals: Count  # motions that are planned in a batch
    roots: Count  # grasps that the graph begins with
    weary: NonNegative  # [rad] a grasp counts as so much farther for each try from it
    pursuit: Count  # motions one after the other towards one pose, at most
    arrived: Positive  # [rad] nearer to that pose, another is drawn
    thumbs: Share  # probability that the thumb is to go elsewhere, or another finger to free it
    regrasps: Share  # probability of a regrasp where a step in the grasp would do
    loops: Count  # grasps made before that a new one is joined with, at most: alike and as they are
    closing: Share  # of the motions: a finger goes where it is in a grasp that looks alike
    become: Positive  # [-] grasps nearer than this under grasps.metric can be made alike
    alike: Positive  # [-] nearer than this under grasps.metric, modulo the object's symmetry
    slid: Positive  # [m] with all tips nearer than this to their places on the object
    spread: NonNegative  # [m] std of the position that is aimed at, about that of the roots


@strict
class Regrasps:
    balance: Balance
    proposals: Proposals
    path: Path
    gait: Gait
    servo: Servo
    playing: Playing
    growth: Growth


@strict
class RegraspsStep:
    """What the grasp graph of one object depends on."""

    embodiment: Embodiment
    physics: Physics
    randomization: Randomization
    grasps: Grasps
    regrasps: Regrasps
    object: str  # its name
    seed: Annotated[int, Field(ge=0)]
