"""What variants, perturbations and figures are called, and each variant's colour."""

from collections.abc import Mapping, Sequence
from typing import Any

TONES = ("unassisted", "scaled", "paper", "guarded", "critic_gain", "student", "zero")  # palette
STRENGTHS = ("reading", "gain", "share", "caution", "guidance", "remainder")
MEANINGS = {
    "reading": "how far the student is asked what a command means",
    "gain": "the part that counts of what the student reads",
    "share": "the part that counts of a busy command that it cannot read",
    "caution": "risk of a drop, beyond that of holding still, that a command may bring",
    "guidance": "how closely the planned motion follows the command, from 0 (only what experts do) "
    "to 1 (the command)",
    "remainder": "the part given back of what planning loses of the command",
}
SPLIT_WORDS = {"held_out": "held out", "training": "trained on"}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Kinds of perturbations, from the values of their definitions.
WORDS = {
    "clean": "the expert's own command",
    "noise": "uniform noise of ±{amplitude:g} on every joint command",
    "slow": "the command slowed by a factor drawn up to {beta:g}",
    "correlated": "noise correlated over {time_constant_s:g} s",
    "absolute": "an operator with late, inexact absolute commands",
    "pose": "the whole hand commanded to its {pose} pose",
    "withdraw": "one touching finger after another commanded away for {seconds:g} s",
    "gaussian": "Gaussian noise on every joint command",
    "held": "noise on every joint command, held for a while",
    "tremor": "a trembling hand",
    "kicks": "a jolt of all joints now and then",
    "sticky": "a command that sticks now and then",
    "lost": "commands lost in bursts",
    "lag": "late commands",
    "swapped": "each finger's command given to its neighbour",
    "mirrored": "one finger's command negated",
    "stuck_joint": "one joint's command stuck",
    "uneven": "fingers that follow a share of their command",
    "push": "one finger pushed inwards now and then",
    "proportional": "an operator who moves each joint by a share of its way",
    "open_loop": "an operator who does not look at the hand",
    "bang_bang": "an operator with buttons: forward, back or still",
    "one_finger": "an operator who moves one finger at a time",
    "stop_and_go": "an operator who moves and rests",
    "operated": "another operator's command, spoilt",
}
BRIEFLY = {  # for a picture; poses by their own names
    "clean": "Good commands",
    "noise": "Random noise of ±{amplitude:g} on every joint",
    "correlated": "Noise that drifts slowly",
    "kicks": "A jolt now and then",
    "open": "Told to let go",
    "closed": "Told to make a fist",
    "spread": "Told to spread the fingers",
}


def describe(name: str, settings: Mapping[str, Any]) -> str:
    """Return a perturbation in words, from its definition in the evaluation's settings."""
    definition = settings["perturbations"][name]
    return WORDS.get(definition.get("kind"), name).format(**definition)


def short(name: str, settings: Mapping[str, Any]) -> str:
    """Return a perturbation in a few words, for a picture."""
    definition = settings["perturbations"][name]
    return BRIEFLY.get(definition.get("pose", definition.get("kind")), name).format(**definition)


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure with `digits` significant digits, as people write it; None is unbounded."""
    if value is None:
        return "∞"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if abs(value) >= 1e-4:
        return f"{value:#.{digits}g}".rstrip(".") if abs(value) >= 1e-3 else f"{value:.{digits}g}"
    mantissa, _, power = f"{value:.1e}".partition("e")
    return f"{mantissa}\u00a0×\u00a010{str(int(power)).translate(RAISED)}" if value else "0"


def listed(names: Sequence[str]) -> str:
    """Return names as people list them."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "none"


def interval(cell: Mapping[str, Any], key: str) -> str:
    return f"{number(cell[key + '_low'])}–{number(cell[key + '_high'])}"


def family_of(variant: str) -> str:
    """Return what a variant is one strength of: `scaled` of `scaled_0.2`; else its own name."""
    before, _, strength = variant.rpartition("_")
    return before if before in TONES and strength.replace(".", "", 1).isdigit() else variant


def tone(variant: str) -> int:
    """Return a variant's or a family's place in the palette; strangers share the last one."""
    family = family_of(variant)
    return TONES.index(family) if family in TONES else len(TONES) - 1


def variants_of(cells: Mapping[str, Any]) -> list[str]:
    """Return the variants that were run; `assisted` repeats one of them."""
    return [name for name in cells if name != "assisted"]


def in_order(names: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """Return variants as tables show them: the bare command and what was calibrated come first."""
    first = ["unassisted", settings["assisted"] or "guarded", "paper"]
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def explained(variant: str, settings: Mapping[str, Any]) -> str:
    """Return what a variant does with a command, from its definition; its name if unknown."""
    definition = settings["variants"].get(variant)

    def at(*keys: str) -> str:
        return strength(variant, settings, *keys)

    match definition:
        case None:
            return variant
        case {"kind": "direct", "gain": 1}:
            return "the command itself"
        case {"kind": "direct", "gain": 0}:
            return "the hand never moves"
        case {"kind": "direct", "gain": gain}:
            return f"the command times {gain:g}"
        case {"kind": "low_pass", "time_s": time_s}:
            return f"the command averaged over {time_s:g} s"
        case {"reading": 0, "guidance": 1}:
            ran = at("share", "caution")
            return f"the command times the critic's gain, neither student nor prior {ran}"
        case {"caution": 1, "guidance": 1}:
            return f"what the student reads, neither critic nor prior {at('gain')}"
    changed = [key for key in STRENGTHS if definition[key] is not None]
    if changed:
        return f"{definition['assistance']} with strengths of its own {at(*changed)}"
    if definition["assistance"] == "paper":
        return f"diffusion controller as in the paper {at('guidance')}"
    ran = at(*STRENGTHS)
    return f"what the student reads, guarded by the critic, made motion by the prior {ran}"


def glossary(variants: Sequence[str], settings: Mapping[str, Any]) -> str:
    """Return what the strengths that the variants' explanations name are; nothing of no others."""
    named = " ".join(explained(name, settings) for name in variants)
    words = [f"{key}: {MEANINGS[key]}" for key in STRENGTHS if f"{key} " in named]
    return f"{'; '.join(words)}." if words else ""


def strength(variant: str, settings: Mapping[str, Any], *keys: str) -> str:
    """Return the strengths that a variant that asks the bundle ran with, in parentheses."""
    return f"({', '.join(f'{key} {settings[key][variant]:g}' for key in keys)})"


def titled(perturbation: str, settings: Mapping[str, Any]) -> str:
    """Return a perturbation's name and what it does; the name alone if that is all there is."""
    words = describe(perturbation, settings)
    return perturbation if words == perturbation else f"{perturbation}: {words}"


def judged_on(settings: Mapping[str, Any]) -> str:
    """Say which objects the figures are of."""
    names = listed(settings["objects"][settings["judged"]])
    return f"on {names} ({SPLIT_WORDS[settings['judged']]})"
