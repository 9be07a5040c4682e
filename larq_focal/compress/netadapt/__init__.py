"""NetAdapt: networks made narrower by what they cost, measured, with residual sums and concatenations."""
