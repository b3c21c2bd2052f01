"""Where the book explains what the focal assignment asks for."""

DEFINITION = "classification/focal.html#definition"
DERIVATION = "classification/focal.html#where-it-comes-from"
CODE = "classification/focal.html#in-code"
CE_DEFINITION = "classification/cross-entropy.html#definition"
CE_CODE = "classification/cross-entropy.html#in-code"
