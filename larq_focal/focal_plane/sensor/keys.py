"""The names that tables of a sensor file have: what costs instruction words, clock cycles or time of the controller."""

INSTRUCTIONS = (
    *("nor", "or", "not", "move", "in_place"),
    *("select", "select_all", "shift", "directed_shift", "multiplex", "refresh"),
    *("analog_add", "analog_reset"),
)
CLASSES = DIGITAL, SHIFT, PROPAGATION, ANALOG = "digital", "shift", "propagation", "analog"
LAUNCH, FILL = "kernel_launch", "fill_store"
CALLS = (
    *(LAUNCH, FILL, "load_pattern", "load_plane", "load_analog", "flood"),
    *("read_plane", "read_analog", "read_events"),
    *("global_or", "global_sum", "global_sum_16", "global_sum_64"),
)
