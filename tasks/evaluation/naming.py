"""What variants and perturbations are called in charts, and each variant's colour."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.evaluation.headline import describe

TONES = ("unassisted", "scaled", "paper", "guarded", "critic_gain", "zero")  # palette, this order
MATTER = ("guidance", "caution", "share", "remainder")  # of a busy command
STRENGTHS = ("guidance", "calm_guidance", "caution", "calm_caution", "share", "remainder")
MEANINGS = {
    "guidance": "how closely the planned motion follows the command, from 0 (only what experts do) "
    "to 1 (the command)",
    "caution": "risk of a drop, beyond that of holding still, that a command may bring",
    "share": "the part of a busy command that counts",
    "remainder": "the part given back of what planning loses of the command",
}
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
    """Return a variant's name, with its gain where that is neither 0 nor 1."""
    gain = settings.get("variants", {}).get(variant, {}).get("gain", 1.0)
    return variant if gain in (0.0, 1.0) else f"{variant} \u00d7 {gain:g}"


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
    for key in STRENGTHS:
        ran = settings.get(key, {})
        value = ran.get(variant, definition.get(key))
        value = ran.get(chosen) if value is None else value
        if value is not None:
            known[key] = float(value)
    return known


def calibrated(variant: str, settings: Mapping[str, Any]) -> bool:
    """Say whether all of an assistance's strengths are what `calibrate` chose."""
    definition = definition_of(variant, settings)
    own = [definition.get(key) for key in STRENGTHS]
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
        case "critic" if definition.get("caution") == 1:
            ran = strength(variant, settings, "share")
            return f"a share of a busy command, neither critic nor diffusion{ran}"
        case "critic":
            ran = strength(variant, settings, "caution", "share")
            return f"the command, of a busy one a share, times the critic's gain; no diffusion{ran}"
        case "assisted" if not calibrated(variant, settings):
            changed = [key for key in MATTER if definition.get(key) is not None]
            ran = strength(variant, settings, *changed).strip(" ()")
            prior = ", the prior left out" if definition.get("guidance") == 1 else ""
            return f"{definition['assistance']} at {ran or 'strengths of its own'}{prior}"
        case "assisted" if definition["assistance"] == "guarded":
            ran = strength(variant, settings, *MATTER)
            return f"diffusion controller guarded by the risk critic{ran}"
        case "assisted":
            return f"diffusion controller as in the paper{strength(variant, settings, 'guidance')}"
        case _:
            return variant


def glossary(variants: Sequence[str], settings: Mapping[str, Any]) -> str:
    """Return what the strengths that the variants' explanations name are; nothing of no others."""
    named = " ".join(explained(name, settings) for name in variants)
    words = [f"{key}: {MEANINGS[key]}" for key in MATTER if f"{key} " in named]
    return f"{'; '.join(words)}. Busy: a command that never rests." if words else ""


def strength(variant: str, settings: Mapping[str, Any], *keys: str) -> str:
    """Return the strengths that a variant ran with, in parentheses; nothing if none is known."""
    known = ran_with(variant, settings)
    words = ", ".join(f"{key} {known[key]:g}" for key in keys if key in known)
    return f" ({words})" if words else ""


def calm(settings: Mapping[str, Any]) -> str:
    """Say what the default assistance makes of a command that rests, if that is no diffusion."""
    name = settings.get("assisted")
    known = ran_with(name, settings) if name else {}
    if known.get("calm_guidance") != 1 or known.get("remainder") != 1:
        return ""
    return (
        f"A calm command (one that rests) is followed by {name} with guidance 1 and remainder 1: "
        "no diffusion is in it, it is the command times the critic's gain."
    )


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
