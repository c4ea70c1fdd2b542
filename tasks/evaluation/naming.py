"""What variants and perturbations are called in charts, and each variant's colour."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.strength import KEYS
from tasks.evaluation.headline import describe

TONES = ("unassisted", "scaled", "paper", "guarded", "critic_gain", "zero")  # palette, this order
MEANINGS = {
    "reading": "how far the student is asked what a command means, from 0 (the command as it is)",
    "gain": "the part of what the student reads that is followed",
    "share": "the part that counts of a command that never rests and that the student cannot read",
    "caution": "risk of a drop, beyond that of holding still, that a command may bring; 1: any",
    "guidance": "how closely the planned motion follows the command, from 0 (only what experts do) "
    "to 1 (the command)",
    "remainder": "the part given back of what planning loses of the command",
}
OFF = {"student": ("reading", 0), "critic": ("caution", 1), "prior": ("guidance", 1)}
SPLIT_WORDS = {"held_out": "held out", "training": "trained on"}


def tone(variant: str) -> int:
    """Return a variant's or a family's place in the palette; strangers share the last one."""
    return TONES.index(variant) if variant in TONES else len(TONES) - 1


def variants_of(cells: Mapping[str, Any]) -> list[str]:
    """Return the variants that were run; `assisted` repeats one of them."""
    return [name for name in cells if name != "assisted"]


def in_order(names: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """Return variants as tables show them: the bare command and what was calibrated come first."""
    first = ["unassisted", settings.get("assisted") or "guarded", "paper"]
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def label(variant: str, settings: Mapping[str, Any]) -> str:
    """Return a variant's name, with a direct one's gain where that is neither 0 nor 1."""
    definition = settings.get("variants", {}).get(variant, {})
    gain = definition.get("gain") if definition.get("kind") == "direct" else None
    return variant if gain in (None, 0.0, 1.0) else f"{variant} \u00d7 {gain:g}"


def definition_of(variant: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a variant's definition, judged or swept; an empty one if it is not known."""
    for part in ("variants", "sweep"):
        found = settings.get(part, {}).get(variant)
        if found:
            return found
    return {}


def ran_with(variant: str, settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the strengths that a variant that asks the bundle ran with, as far as known.

    What a swept definition leaves open is the bundle's choice, that of its assistance.
    """
    definition = definition_of(variant, settings)
    chosen = definition.get("assistance", "guarded")
    known = {}
    for key in KEYS:
        ran = settings.get(key, {})
        value = ran.get(variant, definition.get(key))
        value = ran.get(chosen) if value is None else value
        if value is not None:
            known[key] = float(value)
    return known


def calibrated(variant: str, settings: Mapping[str, Any]) -> bool:
    """Say whether all of an assistance's strengths are what `calibrate` chose."""
    definition = definition_of(variant, settings)
    own = [definition.get(key) for key in KEYS]
    return definition.get("kind") == "assisted" and all(value is None for value in own)


def explained(variant: str, settings: Mapping[str, Any]) -> str:
    """Return what a variant does with a command, from its definition; its name if unknown."""
    definition = definition_of(variant, settings)
    match definition.get("kind"):
        case "direct" if definition["gain"] == 1:
            return "the command itself"
        case "direct" if definition["gain"] == 0:
            return "the hand never moves"
        case "direct":
            return f"the command times {definition['gain']:g}"
        case "low_pass":
            return f"the command averaged over {definition['time_s']:g} s"
        case "assisted" if not calibrated(variant, settings):
            changed = [key for key in KEYS if definition.get(key) is not None]
            ran = strength(variant, settings, *changed).strip(" ()")
            absent = [part for part, (key, off) in OFF.items() if definition.get(key) == off]
            out = f", without {' and '.join(absent)}" if absent else ""
            return f"{definition['assistance']} at {ran or 'strengths of its own'}{out}"
        case "assisted" if definition["assistance"] == "guarded":
            ran = strength(variant, settings, *KEYS)
            return f"what the student reads, guarded by critic and diffusion prior{ran}"
        case "assisted":
            return f"diffusion controller as in the paper{strength(variant, settings, 'guidance')}"
        case _:
            return variant


def glossary(variants: Sequence[str], settings: Mapping[str, Any]) -> str:
    """Return what the strengths that the variants' explanations name are; nothing of no others."""
    named = " ".join(explained(name, settings) for name in variants)
    words = [f"{key}: {MEANINGS[key]}" for key in KEYS if f"{key} " in named]
    return f"{'; '.join(words)}." if words else ""


def strength(variant: str, settings: Mapping[str, Any], *keys: str) -> str:
    """Return the strengths that a variant ran with, in parentheses; nothing if none is known."""
    known = ran_with(variant, settings)
    words = ", ".join(f"{key} {known[key]:g}" for key in keys if key in known)
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
