"""What is wrong with a run, said from its history: with evidence, a remedy and where to read."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.training.diagnosis.diagnose import NAMES, diagnose, diagnosis_table, findings_table
    from lossedu.training.diagnosis.finding import Diagnosis

__all__ = ["NAMES", "Diagnosis", "diagnose", "diagnosis_table", "findings_table"]

load_on_use(__name__)
