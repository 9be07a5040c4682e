"""Settings of every test run."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# oneDNN keeps each convolution that it has prepared, with its weights, by shape: a gigabyte in a run of all tests.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# Workers, which begin after this, free what TensorFlow's threads took: glibc keeps a heap for each thread otherwise.
os.environ.setdefault("MALLOC_ARENA_MAX", "2")

from larq_focal._keras_version import is_keras_3  # importing it chooses the stack before any test has TensorFlow
from tests.slowest import SLOWEST
from tests.support import own_process, requirements, stacks
from tests.support.memory import complaint, peak_bytes, release_memory

if is_keras_3():
    # Programs of the compiler of TensorFlow and JAX run a few times here: quicker ones are not worth their time.
    quick = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    os.environ.setdefault("XLA_FLAGS", quick)
    from larq_focal.nn import keras

    # Tests and the processes that they start import Keras by itself too, which asks for TensorFlow then.
    os.environ.setdefault("KERAS_BACKEND", keras.backend.backend())

settings.register_profile("untimed", deadline=None)  # a busy machine is not a failure
settings.load_profile("untimed")


def pytest_addoption(parser):
    parser.addoption(
        requirements.OPTION,
        action="store_true",
        help="fail tests whose programs are missing, in place of skipping them",
    )


def pytest_collection_modifyitems(config, items):
    """Several workers get the slowest modules first."""
    if hasattr(config, "workerinput"):
        places = {Path(__file__).parent / name: place for place, name in enumerate(SLOWEST)}
        items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_configure(config):
    requirements.configure(config.getoption(requirements.OPTION))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    return own_process.is_run_elsewhere(pyfuncitem) or None  # None leaves it to pytest


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    stacks.skip_module(report, collector.path)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    with stacks.skipping(item.path):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with stacks.skipping(item.path):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    """Last of all, behind pytest's own list of skipped tests."""
    result = yield
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[-1]) for report in skipped]
    for line in (requirements.summary(reasons), stacks.summary(reasons)):
        if line:
            terminalreporter.write_line(line, yellow=True)
    return result


@pytest.fixture(scope="module", autouse=True)
def keeps_memory_small():
    """A worker does not grow from module to module, and the module that takes too much is named."""
    before = peak_bytes()
    yield
    release_memory()
    if message := complaint(before, peak_bytes()):
        pytest.fail(message, pytrace=False)


@pytest.fixture
def forgets_models():
    """For tests of large networks, each of which gives back what it took."""
    yield
    release_memory()
