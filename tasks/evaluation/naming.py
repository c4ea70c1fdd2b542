"""What variants and perturbations are called in charts, and each variant's colour."""

from collections.abc import Mapping
from typing import Any

from tasks.evaluation.headline import describe

TONES = ("unassisted", "scaled", "paper", "guarded", "critic_gain", "zero")  # palette, this order
SPLIT_WORDS = {"held_out": "held out", "training": "trained on"}


def tone(variant: str) -> int:
    """Return a variant's or a family's place in the palette; strangers share the last one."""
    return TONES.index(variant) if variant in TONES else len(TONES) - 1


def variants_of(cells: Mapping[str, Any]) -> list[str]:
    """Return the variants that were run; `assisted` repeats one of them."""
    return [name for name in cells if name != "assisted"]


def label(variant: str, settings: Mapping[str, Any]) -> str:
    """Return a variant's name, with its gain where that is neither 0 nor 1."""
    gain = settings.get("variants", {}).get(variant, {}).get("gain", 1.0)
    return variant if gain in (0.0, 1.0) else f"{variant} \u00d7 {gain:g}"


def explained(variant: str, settings: Mapping[str, Any]) -> str:
    """Return what a variant does with a command, from its definition; its name if unknown."""
    definition = settings.get("variants", {}).get(variant, {})
    match definition.get("kind"):
        case "direct" if definition["gain"] == 1:
            return "the command itself"
        case "direct" if definition["gain"] == 0:
            return "the hand never moves"
        case "direct":
            return f"the command times {definition['gain']:g}"
        case "low_pass":
            return f"the command averaged over {definition['time_s']:g} s"
        case "critic":
            ran = strength(variant, settings, "caution", "share")
            return f"the command times the risk critic's gain, no diffusion{ran}"
        case "assisted" if definition["assistance"] == "guarded":
            ran = strength(variant, settings, "guidance", "caution", "share")
            return f"diffusion controller guarded by the risk critic{ran}"
        case "assisted":
            return f"diffusion controller as in the paper{strength(variant, settings, 'guidance')}"
        case _:
            return variant


def strength(variant: str, settings: Mapping[str, Any], *keys: str) -> str:
    """Return the strengths that a variant ran with, in parentheses; nothing if none is known."""
    known = {key: settings.get(key, {}).get(variant) for key in keys}
    words = ", ".join(f"{key} {value:g}" for key, value in known.items() if value is not None)
    return f" ({words})" if words else ""


def titled(perturbation: str, settings: Mapping[str, Any]) -> str:
    """Return a perturbation's name and what it does; the name alone if that is all there is."""
    words = describe(perturbation, settings)
    return perturbation if words == perturbation else f"{perturbation}: {words}"


def short(perturbation: str, settings: Mapping[str, Any]) -> str:
    """Return a perturbation in a few words, for a picture."""
    definition = settings.get("perturbations", {}).get(perturbation, {})
    match definition.get("kind"):
        case "clean":
            return "Good commands"
        case "noise":
            return f"Random noise of ±{definition['amplitude']:g} on every joint"
        case "correlated":
            return "Noise that drifts slowly"
        case "pose":
            words = {"open": "let go", "closed": "make a fist", "spread": "spread the fingers"}
            return f"Told to {words.get(definition['pose'], definition['pose'])}"
        case _:
            return perturbation
