"""Evaluation: perturbed commands, the ways of answering them, windows and metrics."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.load import ConfigError
from configs.schema.export import ActivityConfig, Sampling
from configs.schema.objects import Object
from configs.schema.perturbations import Perturbation
from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.world import World

Split = Literal["held_out", "training"]
SPLITS: tuple[Split, ...] = ("held_out", "training")
Names = Annotated[tuple[str, ...], Field(min_length=1)]
Shares = Annotated[tuple[Share, ...], Field(min_length=1)]
BARE, STILL = "unassisted", "zero"  # the command itself; the hand that never moves
# In the results `assisted` is the bundle's default assistance, `vs_scaled` a comparison of it.
RESERVED = {"assisted", "vs_scaled"}


@strict
class Direct:
    """The command goes to the hand itself, times a gain; gain 1 is `unassisted`."""

    kind: Literal["direct"]
    gain: NonNegative  # [-] factor on the command


@strict
class Assisted:
    """The command goes through the exported controller; null: the manifest's value."""

    kind: Literal["assisted"]
    assistance: Literal["paper", "guarded"]
    reading: Share | None  # [-] how far the student reads the command; 0: the command as it is
    gain: Share | None  # [-] factor on what the student reads
    # [-] share of a busy command that is followed where the student cannot read it
    share: Share | None
    caution: Share | None  # [-] extra risk of a drop that is accepted; 1: no critic
    # [-] how strongly the prior is pulled to the command; 1, with remainder 1: no prior
    guidance: NonNegative | None
    # [-] share of what inverse dynamics loses of the command that is given back
    remainder: Share | None


@strict
class LowPass:
    """The command, smoothed: its exponential average since the episode's start."""

    kind: Literal["low_pass"]
    time_s: Positive  # [s] time constant of the average


Variant = Annotated[Direct | LowPass | Assisted, Field(discriminator="kind")]


@strict
class Intention:
    """How realised motion is compared with the clean command's."""

    horizon_s: Positive  # [s] length of the pieces of motion that are compared
    # [m] least commanded motion that is compared, root mean square over keypoints
    min_motion: Positive


@strict
class Pairs:
    """Environments of each perturbation and variant, paired across variants; 0: none."""

    # [environments] environments with objects that no training step has seen; 0: none
    held_out: Annotated[int, Field(ge=0)]
    # [environments] environments with the objects and grasps of the training; 0: none
    training: Annotated[int, Field(ge=0)]

    def of(self, split: Split) -> int:
        return self.held_out if split == "held_out" else self.training


@strict
class Calibration:
    """What the strength of the assistances is chosen from, on random streams of its own."""

    # [-] random stream of the calibration; the test has another
    stream: Annotated[int, Field(ge=0)]
    window_s: Positive  # [s] simulated time of a window
    # [environments] environments of each perturbation and each candidate setting
    pairs: Annotated[int, Field(ge=1)]
    perturbations: Names  # [-] perturbations that settings are chosen on; `clean` is added
    # [-] share of the unassisted clean command's goals that a setting must keep
    least_goals: Annotated[float, Field(ge=0, le=1)]
    # [-] values of `guidance` that are tried for the assistance `paper`
    paper: Annotated[tuple[NonNegative, ...], Field(min_length=1)]
    gain: Shares  # [-] values of `gain` that are tried for the assistance `guarded`
    caution: Shares  # [-] values of `caution` that are tried for the assistance `guarded`
    # [-] values of `guidance` that are tried for the assistance `guarded`
    guidance: Annotated[tuple[NonNegative, ...], Field(min_length=1)]
    share: Share  # [-] the value of `share` that the assistance `guarded` gets
    remainder: Share  # [-] the value of `remainder` that the assistance `guarded` gets


@strict
class Evaluate:
    """`library` defines perturbations by name; `perturbations` names those that are judged."""

    window_s: Positive  # [s] simulated time of a window; each starts afresh in all environments
    windows: Count  # [-] number of windows, one after the other
    pairs: Pairs
    judged: Split  # [-] the objects whose figures are the result, which the gates read
    # [-] random stream of the test; the calibration has another
    stream: Annotated[int, Field(ge=0)]
    # [-] the mode that is asked for while an expert of this style commands
    experts: Annotated[dict[str, str], Field(min_length=1)]
    confidence: Annotated[float, Field(gt=0, lt=1)]  # [-] confidence level of every interval
    intention: Intention
    # [threads] CPU threads of the experts' networks; the last bits depend on their number
    threads: Count
    session_threads: Count  # [threads] CPU threads of the controller, exported or not
    contact_n: Positive  # [N] least force with which a finger counts as touching
    bootstrap: Count  # [-] number of draws of the pairs from which a ratio's interval is estimated
    # [-] perturbations that neither training nor calibration has met; counts where tested
    unseen: tuple[str, ...]
    # [-] perturbations that are filmed for the report, with and without the controller
    clips: tuple[str, ...]
    clip_s: Positive  # [s] length of a clip
    plots: tuple[str, ...]  # [-] perturbations whose hold is plotted against goals
    calibration: Calibration
    perturbations: Names  # [-] names of the perturbations of the test, the headline first
    library: dict[str, Perturbation]  # definitions of perturbations, by name
    # answers to a command that are compared, by name
    variants: Annotated[dict[str, Variant], Field(min_length=1)]

    @model_validator(mode="after")
    def names_are_defined(self) -> "Evaluate":
        used = (
            *(*self.perturbations, *self.unseen, *self.clips),
            *(*self.plots, *self.calibration.perturbations),
        )
        unknown = [name for name in (*used, "clean") if name not in self.library]
        if unknown:
            known = ", ".join(sorted(self.library))
            raise ValueError(f"perturbation {unknown[0]!r} is not in the library ({known})")
        if self.calibration.stream == self.stream:
            raise ValueError(f"calibration.stream {self.stream} is the test's own; use another")
        if "clean" in self.calibration.perturbations:
            raise ValueError("calibration.perturbations: clean is always added; name the others")
        for key in ("perturbations", "unseen", "clips", "plots"):
            names = getattr(self, key)
            if len(set(names)) < len(names):
                raise ValueError(f"{key}: a name stands twice in {', '.join(names)}")
        chosen_on = sorted(set(self.unseen) & set(self.calibration.perturbations))
        if chosen_on:
            raise ValueError(f"unseen: the calibration sees {chosen_on[0]}; take it out of one")
        for name in RESERVED & self.variants.keys():
            raise ValueError(f"variant {name!r} is a name of the results' own; give another")
        for name, gain in ((BARE, 1.0), (STILL, 0.0)):
            if self.variants.get(name) != Direct(kind="direct", gain=gain):
                raise ValueError(
                    f"variants.{name}: everything is compared with it; direct, gain {gain:g}"
                )
        if self.pairs.of(self.judged) == 0:
            raise ValueError(
                f"pairs.{self.judged} is 0, but judged is {self.judged!r}: ask for pairs of it"
            )
        return self


@strict
class EvaluateStep:
    """What the result of the step `evaluate` depends on, beside its references."""

    world: World
    evaluate: Evaluate
    seed: Annotated[int, Field(ge=0)]


@strict
class CalibrateStep:
    """What the step `calibrate` depends on, beside its references."""

    world: World
    evaluate: Evaluate
    sampling: Sampling
    activity: ActivityConfig
    seed: Annotated[int, Field(ge=0)]


def for_calibration(evaluate: Evaluate) -> Evaluate:
    """Return what the step `calibrate` depends on: what is the test's alone has fixed values.

    So a test that is measured otherwise, longer or on other seeds, does not choose anew.
    """
    settings = evaluate.calibration
    return replace(
        evaluate,
        window_s=settings.window_s,
        windows=1,
        pairs=Pairs(held_out=0, training=settings.pairs),
        judged="training",
        stream=settings.stream + 1,
        confidence=0.95,
        intention=Intention(horizon_s=1.0, min_motion=1.0),
        session_threads=1,
        bootstrap=1,
        unseen=(),
        clips=(),
        clip_s=1.0,
        plots=(),
        perturbations=settings.perturbations,
        library={name: evaluate.library[name] for name in ("clean", *settings.perturbations)},
        variants={
            BARE: Direct(kind="direct", gain=1.0),
            STILL: Direct(kind="direct", gain=0.0),
        },
    )


def for_baselines(evaluate: Evaluate) -> Evaluate:
    """Return what the step `baselines` depends on: what it does not measure has fixed values.

    So neither another controller nor another calibration measures the baselines anew.
    """
    calibration = replace(
        evaluate.calibration,
        stream=evaluate.stream + 1,
        window_s=1.0,
        pairs=1,
        perturbations=evaluate.calibration.perturbations[:1],
        least_goals=0.0,
        paper=(0.0,),
        gain=(0.0,),
        caution=(0.0,),
        guidance=(0.0,),
        share=0.0,
        remainder=0.0,
    )
    names = (*evaluate.perturbations, *calibration.perturbations, "clean")
    return replace(
        evaluate,
        confidence=0.95,
        session_threads=1,
        bootstrap=1,
        unseen=(),
        clips=tuple(name for name in evaluate.clips if name in names),
        plots=(),
        calibration=calibration,
        library={name: evaluate.library[name] for name in names},
        variants={name: v for name, v in evaluate.variants.items() if not asks(v)},
    )


def asks(variant: Variant) -> bool:
    """Tell whether a variant asks the controller; the baselines do not."""
    return isinstance(variant, Assisted)


def split_of(item: Object) -> Split:
    return "held_out" if item.held_out else "training"


def check_pairs(evaluate: Evaluate, objects: Sequence[Object]) -> None:
    """Refuse pairs, of the test or of the calibration, that cannot show every object.

    Raises:
        ConfigError: see `check_splits`; the calibration has fewer than training objects.
    """
    check_splits(evaluate, objects)
    tuned = evaluate.calibration.pairs
    count = sum(split_of(item) == "training" for item in objects)
    if tuned < count:
        raise ConfigError(
            f"evaluate.calibration.pairs: {tuned} environments cannot hold {count} training "
            f"objects; ask for {count} or more"
        )


def check_splits(evaluate: Evaluate, objects: Sequence[Object]) -> None:
    """Refuse pairs that cannot show every object of their split.

    Raises:
        ConfigError: a split has fewer pairs than objects, or pairs and no object.
    """
    splits = [split_of(item) for item in objects]
    for split in SPLITS:
        pairs, count = evaluate.pairs.of(split), splits.count(split)
        if 0 < pairs < count:
            raise ConfigError(
                f"evaluate.pairs.{split}: {pairs} environments cannot hold {count} objects; ask "
                f"for {count} or more, or for 0 and no figures of that split"
            )
        if pairs and not count:
            other = "training" if split == "held_out" else "held_out"
            raise ConfigError(
                f"evaluate.pairs.{split}: there is no such object for {pairs} environments; mark "
                f"one by `held_out`, or set it to 0 with evaluate.judged={other}"
            )
