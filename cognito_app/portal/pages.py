"""The portal with all of its pages, which register themselves when they are imported."""

from __future__ import annotations

from cognito_app.portal import iam, identity, pools, providers, records, styles, users
from cognito_app.portal.site import portal_site

__all__ = ["iam", "identity", "pools", "portal_site", "providers", "records", "styles", "users"]
