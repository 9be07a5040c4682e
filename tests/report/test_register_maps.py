"""Register maps as they are drawn."""

from importlib import resources

from larq_focal.focal_plane import fit
from larq_focal.report.register_maps import ROLE_GROUPS, register_maps, role_group
from larq_focal.report.runs import runs_by_dataset
from tests.focal_plane.graphs import two_layer_network
from tests.support.records import fake_record, six_runs

(RUNS,) = runs_by_dataset(six_runs())


def test_every_register_is_drawn_once_in_its_bank():
    for run in RUNS[2:]:
        for layer, banks in register_maps(run):
            assert [cell["register"] for bank in banks for cell in bank.cells] == [
                cell["register"] for cell in layer["registers"]
            ]
            assert {cell["kind"] for cell in banks[0].cells} <= {"digital"}


def test_free_registers_fill_up_to_the_nominal_ones():
    (run,) = runs_by_dataset([fake_record("gumbel")])[0]
    for _, banks in register_maps(run):
        for bank in banks:
            assert bank.free == bank.nominal - bank.needed


def test_a_run_without_fit_has_no_map():
    assert register_maps(RUNS[0]) == []


def test_roles_fall_into_groups():
    roles = {cell["role"] for run in RUNS for layer, _ in register_maps(run) for cell in layer["registers"]}
    assert "other" not in map(role_group, roles)
    assert role_group("something new") == "other"


def test_every_group_has_a_colour():
    style = (resources.files("larq_focal.report") / "style.css").read_text()
    for group in (*ROLE_GROUPS, "other"):
        assert f".{group} {{ --role: " in style


def test_the_fit_of_a_real_network_has_no_unknown_role():
    layers = fit(two_layer_network(side=16, maps=4)).to_dict()["layers"]
    groups = {role_group(cell["role"]) for layer in layers for cell in layer["registers"]}
    assert groups and "other" not in groups
