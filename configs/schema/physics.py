"""Values of the simulated physics and the ranges that randomise them (Table III of the paper)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from configs.schema.strict import Positive, strict


def rising(limits: tuple[float, float]) -> tuple[float, float]:
    if not limits[0] <= limits[1]:
        raise ValueError(f"a range goes from low to high, not from {limits[0]:g} to {limits[1]:g}")
    return limits


Probability = Annotated[float, Field(ge=0, le=1)]
Range = Annotated[tuple[float, float], AfterValidator(rising)]
PositiveRange = Annotated[tuple[Positive, Positive], AfterValidator(rising)]
ShareRange = Annotated[tuple[Probability, Probability], AfterValidator(rising)]


@strict
class Physics:
    """Solver and contact values; each value's source stands beside it in YAML."""

    engine: Literal["mujoco", "mujoco_warp"]  # [-] the engine that steps the simulated world
    device: Literal["cpu", "cuda"]  # [-] device of `mujoco_warp`; `mujoco` runs on the CPU
    # [contacts] room for contacts in `mujoco_warp`, an environment on average
    contacts: Annotated[int, Field(ge=1)]
    timestep: Positive  # [s] length of a physics step
    integrator: Literal["implicitfast", "euler"]  # [-] how MuJoCo integrates a step
    cone: Literal["elliptic", "pyramidal"]  # [-] shape of the friction cones
    impratio: Positive  # [-] how much stiffer friction is than the normal force
    # [-] greatest number of the solver's iterations in a step
    iterations: Annotated[int, Field(ge=1)]
    # [-] greatest number of line-search iterations in a solver's iteration
    ls_iterations: Annotated[int, Field(ge=1)]
    # [-] directions of friction: 3 slide, 4 also twist, 6 also roll
    contact_dimensions: Literal[3, 4, 6]
    friction_torsional: Positive  # [m] friction coefficient of twisting
    friction_rolling: Positive  # [m] friction coefficient of rolling
    gravity: Positive  # [m/s^2] acceleration of free fall
    object_mass: Positive  # [kg] nominal mass of an object, before randomisation
    friction: Positive  # [-] nominal sliding friction of hand and object, before randomisation

    @model_validator(mode="after")
    def the_device_is_the_engines(self) -> "Physics":
        if self.engine == "mujoco" and self.device != "cpu":
            raise ValueError(
                "device: mujoco runs on the CPU alone; set physics.engine=mujoco_warp for a GPU"
            )
        return self


@strict
class RandomForceConfig:
    """A push on the object. In every `interval`, with `probability`, it becomes
    scale * object mass * N(0, I) [N] (HORA); between draws it decays."""

    # [N/kg] standard deviation of a push along each axis, for each kg of the object
    scale: Annotated[float, Field(ge=0)]
    probability: Probability  # [-] probability of a new push in each `interval`
    decay: Probability  # [-] factor by which a push fades in each `interval`
    interval: Positive  # [s] time from one draw of the push to the next


@strict
class Randomization:
    """Ranges drawn at each reset, uniform unless said otherwise.

    All but `object_scale`: a scale is compiled into an environment's model, so each environment
    draws it once, when it is made; rollouts make new environments for each chunk.
    """

    object_mass: PositiveRange  # [kg] mass of the object
    object_friction: PositiveRange  # [-] sliding friction coefficient of the object
    # [-] factor on all lengths of the object, drawn once for an environment
    object_scale: PositiveRange
    hand_friction: PositiveRange  # [-] sliding friction coefficient of the hand
    kp_factor: PositiveRange  # [-] factor on the joints' proportional gain
    kd_factor: PositiveRange  # [-] factor on the joints' derivative gain
    initial_joint_noise: Range  # [rad] what is added to a grasp's joint angles at the start
    random_force: RandomForceConfig
    # [rad] standard deviation of the joint readings' noise, each step
    observation_noise: Annotated[float, Field(ge=0)]
    # [rad] standard deviation of their constant error, drawn each episode
    observation_bias: Annotated[float, Field(ge=0)]
    # [action] standard deviation of the noise on an action
    action_noise: Annotated[float, Field(ge=0)]
    wrist_speed: Range  # [rad/s] speed at which gravity turns in the hand's frame
