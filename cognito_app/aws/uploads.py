"""The address of a job's ``PreSignedUrl``: takes the CSV file as S3 would.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from cognito_app.core import ids, numbers
from cognito_app.services.imports import uploads
from cognito_app.services.imports.uploads import UploadRefused

PREFLIGHT_SECONDS = "172800"
ALLOWED = "PUT, OPTIONS"


@csrf_exempt
def upload(request: HttpRequest, job_id: str) -> HttpResponse:
    """Take a file, or answer a browser's preflight; pages of any origin may upload, as the URL is the permission."""
    if request.method == "OPTIONS":
        response = _preflight(request)
    elif request.method == "PUT":
        response = _put(request, job_id)
    else:
        refused = UploadRefused(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        response = _refusal(refused)
        response["Allow"] = ALLOWED
    response["Access-Control-Allow-Origin"] = "*"
    response["Content-Length"] = str(len(response.content))
    return response


def _preflight(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(b"")
    response["Access-Control-Allow-Methods"] = ALLOWED
    response["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
    response["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
    return response


def _put(request: HttpRequest, job_id: str) -> HttpResponse:
    try:
        uploads.check_url(job_id, request.GET.get("Expires", ""), request.GET.get("Signature", ""))
        uploads.receive(job_id, request.read, _length(request))
    except UploadRefused as refused:
        return _refusal(refused)
    except OSError:
        return _refusal(UploadRefused(400, "IncompleteBody", "The request body terminated unexpectedly"))
    return HttpResponse(b"")


def _length(request: HttpRequest) -> int:
    length = numbers.whole(request.META.get("CONTENT_LENGTH") or "", numbers.EXACT)
    if length is None:
        raise UploadRefused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    return length


def _refusal(refused: UploadRefused) -> HttpResponse:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(refused.code)}</Code><Message>{escape(refused.message)}</Message>"
        f"<RequestId>{ids.uuid4()}</RequestId></Error>"
    )
    return HttpResponse(body, content_type="application/xml", status=refused.status)
