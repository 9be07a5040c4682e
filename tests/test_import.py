"""What importing larq_focal does, in every order, with and without TensorFlow: each in a process of its own."""

import importlib
import pkgutil
import types

import pytest

import larq_focal as lqf
from tests.support.processes import output_of, run_python
from tests.support.stacks import LARQ, needs

SUBPACKAGES = {
    *("bench", "compress", "cost", "datasets", "deploy", "fixed_processors", "focal_plane", "installation", "layers"),
    *("mcu", "network", "quantizers", "report", "training", "zoo"),
}
ON_A_DEVICE = [
    "larq_focal",
    "larq_focal.cost",
    "larq_focal.installation",
    "larq_focal.deploy.checking",
    "larq_focal.deploy.convert",
    "larq_focal.deploy.prediction",
    "larq_focal.deploy.remote",
    "larq_focal.deploy.runtime",
    "larq_focal.deploy.timing",
    "larq_focal.fixed_processors",
    "larq_focal.focal_plane",
    "larq_focal.mcu.export",
    "larq_focal.network",
    "larq_focal.report",
]
USES_AN_ALIAS = """
layer = larq.layers.QuantDense(2, kernel_quantizer="hysteresis_sign")
print(type(layer.kernel_quantizer).__module__)
"""


def without(*packages: str) -> str:
    """Code after which the packages are as good as not installed."""
    return f"""
import sys
from importlib.machinery import PathFinder

class FindsAllBut:
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {packages!r} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = FindsAllBut()
"""


def error_of(code: str, **environment: str | None) -> str:
    """The last line that failing ``code`` writes."""
    process = run_python(code, **environment)
    assert process.returncode == 1, process.stdout
    return process.stderr.strip().splitlines()[-1]


def test_importing_loads_three_small_modules_and_wrapt():
    """Which is quick: what counts is what is loaded, as a clock would measure how busy the machine is."""
    code = """
        import sys
        before = set(sys.modules)
        import larq_focal
        loaded = set(sys.modules) - before
        print(*sorted(name for name in loaded if name.startswith("larq_focal")))
        print(*sorted({name.partition(".")[0] for name in loaded} - sys.stdlib_module_names))
        """
    modules, packages = output_of(code).splitlines()
    inner = ("_keras_backend", "_keras_version", "version")
    assert modules.split() == ["larq_focal", *(f"larq_focal.{name}" for name in inner)]
    assert set(packages.split()) == {"larq_focal", "wrapt"}


@LARQ
@pytest.mark.slow
@pytest.mark.parametrize(
    ("imports", "variable"),
    [
        ("import larq_focal, larq", None),
        ("import larq_focal, tensorflow, larq", None),
        ("import larq_focal.quantizers, larq", None),
        ("from larq_focal.keras import larq", None),
        ("import larq, larq_focal", "1"),
        ("import tensorflow, larq_focal, larq", "1"),
    ],
)
def test_aliases_work_in_every_order_that_can(imports, variable):
    output = output_of(imports + USES_AN_ALIAS, TF_USE_LEGACY_KERAS=variable)
    assert output.startswith("larq_focal.quantizers")


KERAS_3_FIRST = [
    ("import tensorflow, larq_focal", None),
    ("import tensorflow, larq_focal", "0"),
    ("import tensorflow as tf; tf.keras.layers; import larq_focal", None),
    ("from tensorflow.keras import layers; import larq_focal", None),
    ("import os, tensorflow; os.environ['TF_USE_LEGACY_KERAS'] = '1'; import larq_focal", None),
]
LARQ_FOCAL_FIRST = ("import larq_focal; larq_focal.quantizers", "0")


@LARQ
@pytest.mark.slow
@pytest.mark.parametrize(("code", "variable"), [*KERAS_3_FIRST, LARQ_FOCAL_FIRST])
def test_where_larq_is_chosen_keras_3_is_refused_with_the_fix(code, variable):
    error = error_of(code, TF_USE_LEGACY_KERAS=variable, LARQ_FOCAL_STACK="larq")
    assert error.startswith("ImportError: Larq needs Keras 2, but the TensorFlow already loaded has Keras 3")
    for fix in ("TF_USE_LEGACY_KERAS=1 before", "import larq_focal before tensorflow", "`pip install tf-keras`"):
        assert fix in error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "variable"),
    [
        *(pytest.param(*each, marks=needs("tensorflow")) for each in KERAS_3_FIRST),
        LARQ_FOCAL_FIRST,
        ("import keras, larq_focal", None),
    ],
)
def test_what_is_imported_already_is_used(code, variable):
    shown = "; from larq_focal import nn; print(nn.is_keras_3(), nn.keras.__version__.split('.')[0])"
    assert output_of(code + shown, TF_USE_LEGACY_KERAS=variable, LARQ_FOCAL_STACK=None).splitlines()[-1] == "True 3"


@pytest.mark.slow
def test_quantizers_of_a_saved_model_are_known_on_keras_3():
    code = """
        import keras, larq_focal
        print(keras.saving.get_registered_object("hysteresis_sign").__name__)
        """
    assert output_of(code, LARQ_FOCAL_STACK="keras").splitlines()[-1] == "HysteresisSign"


def test_keras_3_leaves_the_environment_as_it_is():
    """What TensorFlow changes while Keras imports it is not ours."""
    code = """
        import os, keras
        before = dict(os.environ)
        import larq_focal
        larq_focal.quantizers
        print({name for name, value in os.environ.items() | before.items() if os.environ.get(name) != before.get(name)})
        """
    assert output_of(code, LARQ_FOCAL_STACK="keras", TF_USE_LEGACY_KERAS=None) == "set()"


def test_an_unknown_stack_is_refused():
    error = error_of("import larq_focal", LARQ_FOCAL_STACK="torch")
    assert error == "ValueError: The environment variable LARQ_FOCAL_STACK must be 'keras' or 'larq', but is 'torch'."


def test_where_neither_keras_is_installed_both_ways_are_named():
    error = error_of(without("keras", "larq") + "import larq_focal; larq_focal.quantizers", LARQ_FOCAL_STACK=None)
    assert error.startswith("ImportError: This part of larq_focal needs Keras, which is not installed: `pip install")


def test_a_choice_of_keras_3_does_no_harm_to_what_needs_no_keras():
    assert output_of("import larq_focal.network, os; print(os.environ['TF_USE_LEGACY_KERAS'])", TF_USE_LEGACY_KERAS="0")


@LARQ
@pytest.mark.slow
@pytest.mark.parametrize("code", ["import larq_focal; larq_focal.quantizers", "import tensorflow, larq_focal"])
def test_missing_tf_keras_is_named(code):
    error = error_of(without("tf_keras") + code, TF_USE_LEGACY_KERAS="1", LARQ_FOCAL_STACK="larq")
    assert error == "ImportError: Larq needs Keras 2, which is not installed: `pip install tf-keras`."


@pytest.mark.parametrize("package", ["tensorflow", pytest.param("larq", marks=[pytest.mark.slow, LARQ])])
def test_a_missing_package_is_named(package):
    code = without(package) + "import larq_focal; larq_focal.quantizers"
    error = error_of(code, TF_USE_LEGACY_KERAS=None, LARQ_FOCAL_STACK="larq")
    assert f"needs {package}, which is not installed: `pip install larq_focal[larq]` (Python 3.10 to 3.12)" in error


@pytest.mark.parametrize("module", ON_A_DEVICE)
def test_a_device_needs_no_tensorflow(module):
    output_of(without("tensorflow", "tf_keras", "keras", "larq", "wrapt") + f"import {module}")


@pytest.mark.parametrize("module", ON_A_DEVICE)
def test_what_a_device_uses_does_not_load_tensorflow_where_it_is_installed(module):
    code = f"import sys, {module}; print(*({{'tensorflow', 'keras', 'tf_keras', 'larq'}} & set(sys.modules)))"
    assert output_of(code) == ""


TRAINERS = ("larq_focal", "larq_focal.training.trainer", "larq_focal.bench.runner", "larq_focal.deploy.convert")


@pytest.mark.parametrize("module", TRAINERS)
def test_model_optimization_is_loaded_by_what_uses_it_alone(module):
    code = f"import sys, {module}; print(*(name for name in sys.modules if name.startswith('tensorflow_model_opt')))"
    assert output_of(code) == ""


@pytest.mark.parametrize("name", sorted({*lqf.__all__} - {"__version__"}))
def test_public_names_are_what_they_should_be(name):
    value = getattr(lqf, name)
    if name in SUBPACKAGES:
        assert isinstance(value, types.ModuleType)
        assert value.__name__ == f"larq_focal.{name}"
    else:
        assert callable(value)
        assert value.__name__ == name
    assert name in dir(lqf)


def test_functions_keep_their_names_when_modules_of_the_same_name_are_imported():
    code = """
        import larq_focal as lqf
        import larq_focal.deploy.timing, larq_focal.network.graph_file, larq_focal.bench, larq_focal.report
        print(callable(lqf.time), lqf.bench.__name__, lqf.report.__name__)
        """
    assert output_of(code) == "True larq_focal.bench larq_focal.report"


def test_an_unknown_name_is_an_attribute_error_that_lists_the_known():
    with pytest.raises(AttributeError, match=r"larq_focal has no attribute 'prune'; it has .*convert.*quantizers"):
        lqf.prune  # noqa: B018
    assert not hasattr(lqf, "prune")


@pytest.mark.parametrize("package", ["bench", "datasets", "deploy", "focal_plane", "focal_plane.compiler", "training"])
def test_a_lazy_door_has_every_name_and_each_means_one_thing(package):
    """A module of the name of a function would take its place once it is imported."""
    door = importlib.import_module(f"larq_focal.{package}")
    modules = {module.name for module in pkgutil.iter_modules(door.__path__)}
    assert not modules & {*door.__all__}
    for name in door.__all__:
        getattr(door, name)
    assert {*door.__all__} <= {*dir(door)}
    with pytest.raises(AttributeError, match="has no attribute 'nothing'; it has "):
        door.nothing  # noqa: B018


def test_a_lazy_door_has_its_modules_too():
    assert output_of("import larq_focal as lqf; print(lqf.deploy.convert.convert_int8.__name__)") == "convert_int8"
