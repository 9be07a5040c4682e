"""The inner loops of the NEON kernels, through llvm-mca's models of processors: estimates, not measurements."""

from __future__ import annotations

import pytest

from benchmarks.arm_estimate import estimates, missing_packages, newest_mca
from tests.support.requirements import require


@pytest.mark.slow
def test_the_inner_loops_do_little_but_xor_count_and_add():
    require(missing_packages())
    for estimate in estimates(newest_mca()):
        assert estimate.rate <= estimate.registers <= estimate.counting, estimate
        # The A53 runs in order, and waits for what it loads; GCC 12 keeps one of the 16 counts in memory.
        # LLVM before 17 has the Cortex-A57's model for the Neoverse N1, too.
        part = 0.6 if "A53" in estimate.processor else 0.8
        assert estimate.rate > part * estimate.registers, estimate
