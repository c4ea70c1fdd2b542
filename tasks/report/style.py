"""The colours of pages and pictures, on light and on dark ground.

The data colours are Okabe and Ito's, which people with colour-blindness tell apart. A picture is
drawn in the light ones; on a page each becomes the style sheet's variable of its name.
"""

from tasks.report.naming import tone

COLOURS = {  # name -> on light ground, on dark ground; no colour stands twice on light ground
    "tone0": ("#d55e00", "#ff8a3d"),  # unassisted
    "tone1": ("#b87a00", "#e6b34a"),  # scaled
    "tone2": ("#0072b2", "#56b4e9"),  # paper
    "tone3": ("#009e73", "#2fc796"),  # guarded
    "tone4": ("#b0568c", "#e08fbd"),  # critic_gain
    "tone5": ("#5b4bb5", "#a99bf0"),  # student
    "tone6": ("#66707a", "#a3adb7"),  # zero, and strangers
    "ink": ("#1c2126", "#e6e9ec"),
    "soft": ("#5b6670", "#9aa5af"),
    "line": ("#dde2e7", "#333c45"),
    "paper": ("#ffffff", "#14181c"),
    "panel": ("#f6f8fa", "#1c2228"),
    "good": ("#00684b", "#3fc79a"),
    "bad": ("#a63d00", "#ff9a5c"),
}
LIGHT = {name: light for name, (light, _) in COLOURS.items()}


def colour_of(variant: str) -> str:
    """Return a variant's or a family's colour on light ground."""
    return LIGHT[f"tone{tone(variant)}"]
