"""Questions as plain text: Markdown with TeX, in lines that a terminal shows."""

from lossedu.practice.plain_text.formulas import TexError, formula_text
from lossedu.practice.plain_text.markdown import lines_of, one_line_of

__all__ = ["TexError", "formula_text", "lines_of", "one_line_of"]
