"""Importing this first keeps out what takes a second to import and is never needed here.

jsonschema builds a grammar of international addresses where ``rfc3987_syntax`` is installed, and
does without where it is not.  No notebook format holds such an address.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
