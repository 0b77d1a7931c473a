"""The demo service: notes below ``/private/{identity id}/{name}``, and one public note."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.http import Http404
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cognito_app.conf import app_settings
from cognito_app.contrib.demo.policies import API, STAGE
from cognito_app.contrib.rest_framework import IAMPermission, SigV4Authentication
from cognito_app.contrib.rest_framework.sigv4 import api_arn

MAX_NOTE = 1024 * 1024
_IDENTITY = re.compile(r"[\w-]{1,30}:[0-9a-f-]{1,40}")
_NAME = re.compile(r"[\w][\w.-]{0,127}")


class IgnoreAccept(DefaultContentNegotiation):
    """Answers JSON whatever the client says it accepts."""

    def select_renderer(self, request: Request, renderers: list[JSONRenderer], format_suffix: str | None = None):  # type: ignore[no-untyped-def, override]
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type


class DemoView(APIView):
    """A view that takes signed requests only."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (SigV4Authentication,)
    permission_classes: Sequence[type[BasePermission]] = (IAMPermission,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = IgnoreAccept

    def iam_resource(self, request: Request) -> str:
        """Return the ARN of the request's method and path below the demo service."""
        path = request._request.path.partition("/demo/")[2]
        return api_arn(API, STAGE, request._request.method or "", path)


class PublicNote(DemoView):
    """``/public/welcome``."""

    def get(self, request: Request) -> Response:
        """Return the public note."""
        return Response({"note": "Welcome! Your AWS credentials opened this.", "caller": str(request.user)})


class PrivateNote(DemoView):
    """``/private/{identity id}/{name}``."""

    def _file(self, identity_id: str, name: str) -> tuple[FileSystemStorage, str]:
        if app_settings.demo_storage_dir is None or not (_IDENTITY.fullmatch(identity_id) and _NAME.fullmatch(name)):
            raise Http404
        storage = FileSystemStorage(location=app_settings.demo_storage_dir)
        return storage, f"{identity_id.replace(':', '_')}/{name}"

    def get(self, request: Request, identity_id: str, name: str) -> Response:
        """Return a note."""
        storage, path = self._file(identity_id, name)
        if not storage.exists(path):
            raise Http404
        with storage.open(path) as file:
            return Response({"identity_id": identity_id, "name": name, "note": file.read().decode("utf-8", "replace")})

    def put(self, request: Request, identity_id: str, name: str) -> Response:
        """Keep a note."""
        storage, path = self._file(identity_id, name)
        body = request._request.body
        if len(body) > MAX_NOTE:
            return Response({"message": "The note is too long."}, status=413)
        storage.delete(path)
        storage.save(path, ContentFile(body))
        return Response({"identity_id": identity_id, "name": name, "bytes": len(body)})
