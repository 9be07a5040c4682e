"""Register maps as they are drawn."""

from larq_focal.report.registers import register_maps, role_colours, role_kind
from larq_focal.report.runs import runs_by_dataset
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


def test_roles_that_differ_in_a_number_share_a_colour():
    assert role_kind("counter bit 12") == role_kind("counter bit 3") == "counter bit"
    assert role_kind("R12 mask") == "R12 mask"
    colours = role_colours(RUNS)
    assert len(set(colours.values())) == len(colours)
    assert set(colours) >= {"counter bit", "spilled counter bit", "shifting input"}
