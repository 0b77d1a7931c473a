"""What every test starts from."""

from __future__ import annotations
