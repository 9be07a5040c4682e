"""The inner loops of the NEON kernels, through llvm-mca's models of processors: estimates, not measurements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.arm_estimate import PROCESSORS, WrongModel, check_model, estimates, missing_packages, newest_mca
from larq_focal.delegate.sources import kernel_rows
from tests.support.requirements import require

KERNELS = [row.name for row in kernel_rows() if row.architecture == "aarch64"]


@pytest.fixture(scope="module")
def rows():
    require(missing_packages())
    return list(estimates(newest_mca()))


@pytest.mark.slow
def test_the_inner_loops_do_little_but_xor_count_and_add(rows):
    for estimate in rows:
        assert estimate.rate <= estimate.limit, estimate
        # The A53 runs in order, and waits for what it loads.
        part = 0.6 if "A53" in estimate.processor else 0.92
        assert estimate.rate > part * estimate.limit, estimate


@pytest.mark.slow
def test_the_kernel_that_is_chosen_is_the_fastest_that_a_processor_has(rows):
    """The first of the table that it can run, which is no slower than LCE's loop without its loads."""
    for processor in PROCESSORS:
        rates = {row.loop: row.rate for row in rows if row.processor == processor.name}
        ours = [rates[kernel] for kernel in KERNELS if kernel in rates]
        assert ours[0] == max(ours), rates
        assert ours[0] > 0.99 * rates["LCE"] or "A53" in processor.name, rates


@pytest.mark.slow
def test_another_processor_under_the_name_is_refused():
    """LLVM's Cortex-A76 is the Cortex-A57."""
    require(missing_packages())
    cortex_a76 = replace(PROCESSORS[-1], model="cortex-a76")
    with pytest.raises(WrongModel, match="takes the model of A57 for cortex-a76: it knows no Cortex-A76"):
        check_model(newest_mca(), cortex_a76)
