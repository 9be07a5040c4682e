"""Networks as C99 for microcontrollers: what is written, what it takes, and whether it computes the same."""

from larq_focal.lazy_door import lazy_door

__getattr__, __dir__ = lazy_door(
    __name__,
    {
        "audit": ["CAudit"],
        "cost": ["ProgramCost", "StepCost"],
        "errors": ["CExportError"],
        "export": ["CExport", "export_c"],
        "emulator": ["MICROCONTROLLERS"],
        "graph_report": ["Board", "report_graph"],
        "passes": ["PASSES", "lower_for_c"],
        "run_report": ["NotCounted", "RunReport", "report_run"],
        "selection": ["TARGETS"],
    },
)
