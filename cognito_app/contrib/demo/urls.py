"""Addresses of the demo service."""

from __future__ import annotations

from django.urls import path

from cognito_app.contrib.demo.tokens import Api, GraphQL, Me, Staff
from cognito_app.contrib.demo.views import PrivateNote, PublicNote
from cognito_app.contrib.rest_framework import AuthRequest

urlpatterns = [
    path("public/welcome", PublicNote.as_view()),
    path("private/<str:identity_id>/<str:name>", PrivateNote.as_view()),
    path("me", Me.as_view()),
    path("staff", Staff.as_view()),
    path("api", Api.as_view()),
    path("graphql", GraphQL.as_view()),
    path("auth-request", AuthRequest.as_view()),
]
