"""The stand-alone server's addresses."""

from __future__ import annotations

from django.urls import include, path, re_path

urlpatterns = [
    re_path(r"^s3(?:/|$)", include("cognito_app.contrib.object_storage.urls")),
    path("", include("cognito_app.urls")),
    path("demo/", include("cognito_app.contrib.demo.urls")),
]
