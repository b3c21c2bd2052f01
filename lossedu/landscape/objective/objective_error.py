"""What an objective that cannot be trusted is refused with."""


class ObjectiveError(ValueError):
    """A loss is no function of the parameters, no mean, or not differentiated by autograd.

    Attributes:
        fault: Which: "random", "sum", "gradient" or "curvature".
    """

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(f"{message} Objective(..., check=False) takes it as it is.")
        self.fault = fault
