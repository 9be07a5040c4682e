"""The methods that networks take by name, with their titles: known without TensorFlow."""

from __future__ import annotations

METHOD_TITLES: dict[str, str] = {
    "sign": "Sign",
    "xnor": "XNOR-Net",
    "bireal": "Bi-Real Net",
    "irnet": "IR-Net",
    "tbn": "TBN",
    "bnn_plus": "BNN+",
    "recu": "ReCU",
    "adabin": "AdaBin",
    "react": "ReActNet",
    "gumbel": "Gumbel sign",
    "hysteresis": "Hysteresis sign",
    "hysteresis_8bit": "Hysteresis sign, 8-bit maps",
    "lab": "Learnable activation binarizer",
    "ternary": "Ternary weights",
    "zero_one": "Inputs 0 and 1",
}
"""Of ``larq_focal.zoo.METHODS``."""

NOT_PACKED = ("hysteresis_8bit",)
"""Those that Larq Compute Engine does not pack: their products take more binary ones than are made."""

TWO_LAYER_TITLES: dict[str, str] = {
    "ste_sign": "Sign (STE)",
    **{name: METHOD_TITLES[name] for name in ("hysteresis", "gumbel", "lab", "ternary", "zero_one")},
}
"""Of ``larq_focal.zoo.TWO_LAYER_METHODS``."""

SMALL_RESIDUAL_NAMES = ("react", "sign", "lab", "hysteresis")
"""Methods that are compared on the small residual network."""
