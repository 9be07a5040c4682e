"""The metadata is in setup.cfg; here is only the delegate, which takes a compiler. Without one, all else installs."""

from glob import glob

from setuptools import Extension, setup

delegate = Extension(
    "larq_focal.delegate._litert_delegate",
    sources=sorted(glob("larq_focal/delegate/**/*.cc", recursive=True)),
    depends=sorted(glob("larq_focal/delegate/**/*.h", recursive=True)),
    language="c++",
    # Products and sums round one by one, as in LCE: no fused multiply-add.
    extra_compile_args=["-std=c++17", "-O3", "-g0", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"],
    extra_link_args=["-pthread"],
    py_limited_api=True,
    optional=True,
)

setup(ext_modules=[delegate])
