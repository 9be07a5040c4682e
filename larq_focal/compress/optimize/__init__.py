"""One knob: the least costly network within a loss of accuracy, by widths and bits chosen layer by layer."""
