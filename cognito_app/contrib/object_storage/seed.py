"""The quickstart's bucket, and the roles' policies for it: the layout of Amplify Storage.

Source: https://docs.amplify.aws/gen1/javascript/build-a-backend/storage/configure-storage/
"""

from __future__ import annotations

from typing import Any

import orjson

from cognito_app.conf import app_settings
from cognito_app.contrib.object_storage import store
from cognito_app.contrib.object_storage.models import Bucket
from cognito_app.models import Role
from cognito_app.services import roles
from cognito_app.services.actor import SYSTEM

BUCKET = "demo-files"
POLICY = "files"
OWN = "${cognito-identity.amazonaws.com:sub}"
CHANGE = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
CORS: list[dict[str, Any]] = [
    {
        "AllowedOrigins": ["*"],
        "AllowedMethods": ["GET", "HEAD", "PUT", "POST", "DELETE"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": [
            "ETag",
            "Content-Range",
            "Last-Modified",
            "x-amz-request-id",
            "x-amz-checksum-crc32",
            "x-amz-checksum-type",
        ],
        "MaxAgeSeconds": 3000,
    }
]


def authenticated(bucket: str) -> dict[str, Any]:
    """Return what signed-in users may do: share in ``public/``, show in ``protected/``, keep in ``private/``."""
    own = [_arn(bucket, f"{level}/{OWN}/*") for level in ("protected", "private")]
    listed = ["public/", "public/*", "protected/", "protected/*", f"private/{OWN}/", f"private/{OWN}/*"]
    return _document(
        {"Action": CHANGE, "Resource": [_arn(bucket, "public/*"), *own]},
        {"Action": "s3:GetObject", "Resource": _arn(bucket, "protected/*")},
        _listing(bucket, listed),
    )


def guest(bucket: str) -> dict[str, Any]:
    """Return what guests may do: read what is public or shown."""
    return _document(
        {"Action": "s3:GetObject", "Resource": [_arn(bucket, "public/*"), _arn(bucket, "protected/*")]},
        _listing(bucket, ["public/", "public/*", "protected/", "protected/*"]),
    )


def _arn(bucket: str, keys: str) -> str:
    return f"arn:aws:s3:::{bucket}/{keys}"


def _listing(bucket: str, prefixes: list[str]) -> dict[str, Any]:
    condition = {"StringLike": {"s3:prefix": prefixes}}
    return {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}", "Condition": condition}


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}


def make(signed_in_role: str, guest_role: str) -> str:
    """Make the bucket at the first start, and give the roles their policies; returns its name."""
    if not Bucket.objects.filter(pk=BUCKET).exists():
        store.create_bucket(SYSTEM, BUCKET, app_settings.region)
        store.set_cors(SYSTEM, BUCKET, CORS)
        for name, document in ((signed_in_role, authenticated(BUCKET)), (guest_role, guest(BUCKET))):
            if Role.objects.filter(name=name).exists():
                roles.put_policy(SYSTEM, name, POLICY, orjson.dumps(document).decode())
    return BUCKET
