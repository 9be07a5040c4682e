"""What the verdicts on a network for every kind of processor have in common."""
