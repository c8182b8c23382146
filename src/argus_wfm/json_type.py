"""The type of parsed JSON: a dict, list, str, int, float, bool or None, as json.loads() returns it.

It is Any: contracts and pydantic models check the shape when data comes in, and the type checker cannot follow it.
"""

from typing import Any

Json = Any
