"""Layers that keep bits between the forward and the backward pass of a training step.

Source of all of them: Wang, Davis, Moro, Zielinski, Lim, Coelho, Chatterjee, Cheung and Constantinides, "Enabling
Binary Neural Network Training on the Edge", https://arxiv.org/abs/2102.04270.
"""
