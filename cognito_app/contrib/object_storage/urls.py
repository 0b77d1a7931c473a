"""Addresses: everything below the path at which a project includes them is ``/<bucket>/<key>``."""

from __future__ import annotations

from django.urls import re_path

from cognito_app.contrib.object_storage.views import mounted

urlpatterns = [re_path(r"^(?P<rest>[\s\S]*)$", mounted)]
