"""The modules of tests that take most processor time. They start first: none is left to one worker at the end."""

SLOWEST = (
    "test_keras3.py",
    "zoo/test_conversion.py",
    "zoo/test_converters.py",
    "focal_plane/compiler/test_spills.py",
    "focal_plane/compiler/test_layers.py",
    "bench/test_runner.py",
    "network/tflite/test_from_tflite.py",
    "test_import.py",
    "focal_plane/compiler/test_accumulation.py",
    "bench/study/test_ray.py",
    "bench/study/test_study_run.py",
    "bench/test_recipe_run.py",
    "delegate/test_arm64.py",
    "focal_plane/compiler/test_tiles.py",
    "quantizers/test_larq.py",
    "deploy/test_advice.py",
    "deploy/test_one_row.py",
    "test_fuzz_loaders.py",
    "test_documentation.py",
)
