"""Training for memories that wear: gradients of low rank, few writes, and a count of them; NumPy alone.

Source of all of it: Gural, Nadeau, Tikekar and Murmann, "Low-Rank Training of Deep Neural Networks for Emerging Memory
Technology", 2020, https://arxiv.org/abs/2009.03887.
"""

from larq_focal.training.low_rank.low_rank_sum import LowRankSum
from larq_focal.training.low_rank.online_mlp import OnlineMLP
from larq_focal.training.low_rank.wearing_memory import WearingMemory

__all__ = ["LowRankSum", "OnlineMLP", "WearingMemory"]
