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

    engine: Literal["mujoco", "mujoco_warp"]
    device: Literal["cpu", "cuda"]  # of mujoco_warp
    contacts: Annotated[int, Field(ge=1)]  # an environment, on average, of mujoco_warp
    timestep: Positive  # [s] one physics step
    integrator: Literal["implicitfast", "euler"]
    cone: Literal["elliptic", "pyramidal"]
    impratio: Positive
    iterations: Annotated[int, Field(ge=1)]
    ls_iterations: Annotated[int, Field(ge=1)]
    contact_dimensions: Literal[3, 4, 6]
    friction_torsional: Positive  # [m]
    friction_rolling: Positive  # [m]
    gravity: Positive  # [m/s^2]
    object_mass: Positive  # [kg] nominal, before randomisation
    friction: Positive  # nominal sliding friction of hand and object, before randomisation

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

    scale: Annotated[float, Field(ge=0)]  # [N/kg]
    probability: Probability
    decay: Probability  # factor for every `interval`
    interval: Positive  # [s]


@strict
class Randomization:
    """Ranges drawn at each reset, uniform unless said otherwise.

    All but `object_scale`: a scale is compiled into an environment's model, so each environment
    draws it once, when it is made; rollouts make new environments for each chunk.
    """

    object_mass: PositiveRange  # [kg]
    object_friction: PositiveRange
    object_scale: PositiveRange  # factor on all lengths; drawn once an environment
    hand_friction: PositiveRange
    kp_factor: PositiveRange
    kd_factor: PositiveRange
    initial_joint_noise: Range  # [rad] added to the grasp's joint angles
    random_force: RandomForceConfig
    observation_noise: Annotated[float, Field(ge=0)]  # [rad] std, white, each step
    observation_bias: Annotated[float, Field(ge=0)]  # [rad] std, one draw an episode
    action_noise: Annotated[float, Field(ge=0)]  # std, in action units
    wrist_speed: Range  # [rad/s] speed at which gravity turns in the hand frame
