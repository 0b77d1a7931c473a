"""Mounts the faces."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from cognito_app.aws.view import aws_view

urlpatterns: list[URLPattern | URLResolver] = [path("", aws_view, name="aws")]
