"""What is wrong with a run, said from its history: with evidence, a remedy and where to read."""

from lossedu.training.diagnosis.diagnose import NAMES, diagnose, diagnosis_table, findings_table
from lossedu.training.diagnosis.finding import Diagnosis

__all__ = ["NAMES", "Diagnosis", "diagnose", "diagnosis_table", "findings_table"]
