"""What a loss is like, computed from its formula: sign, limits, slope, smoothness, convexity."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.properties.computing import along_axis
    from lossedu.properties.facts import Properties, properties, table

__all__ = ["Properties", "along_axis", "properties", "table"]

load_on_use(__name__)
