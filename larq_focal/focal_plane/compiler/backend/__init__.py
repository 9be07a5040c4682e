"""From code on planes without registers to a program: allocation, spills, and kernels in the store."""
