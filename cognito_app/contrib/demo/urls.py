"""Addresses of the demo service."""

from __future__ import annotations

from django.urls import path

from cognito_app.contrib.demo.views import PrivateNote, PublicNote

urlpatterns = [
    path("public/welcome", PublicNote.as_view()),
    path("private/<str:identity_id>/<str:name>", PrivateNote.as_view()),
]
