"""The stand-alone server's addresses."""

from __future__ import annotations

from django.urls import include, path, re_path

# What Django answers by itself shows in the look of the pages.
handler400 = "cognito_app.pages.faults.bad_request"
handler404 = "cognito_app.pages.faults.not_found"
handler500 = "cognito_app.pages.faults.failed"

urlpatterns = [
    re_path(r"^s3(?:/|$)", include("cognito_app.contrib.object_storage.urls")),
    path("", include("cognito_app.urls")),
    path("demo/", include("cognito_app.contrib.demo.urls")),
]
