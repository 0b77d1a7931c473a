"""What identities may do with objects: roles of Amplify's layout, and a table of tries against any S3 server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

BUCKET = "files"
SUB = "${cognito-identity.amazonaws.com:sub}"
REFUSALS = {"AccessDenied", "403"}


def _arn(*paths: str) -> list[str]:
    return [f"arn:aws:s3:::{BUCKET}/{path}" for path in paths]


def signed_in() -> dict[str, Any]:
    """Return what users may do: their own private and protected files, everybody's protected and public ones."""
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": objects,
                "Resource": _arn(f"private/{SUB}/*", f"protected/{SUB}/*", "public/*"),
            },
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": _arn("protected/*")},
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{BUCKET}",
                "Condition": {"StringLike": {"s3:prefix": [f"private/{SUB}/*", "protected/*", "public/*"]}},
            },
            {"Effect": "Deny", "Action": "s3:*", "Resource": _arn("public/locked/*")},
        ],
    }


def guest() -> dict[str, Any]:
    """Return what guests may do: read public files."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": _arn("public/*")}],
    }


def client(address: str, key: tuple[str, ...]) -> Any:
    """Return a client of an S3 server; ``key`` is id and secret, and the token of a session."""
    make: Any = boto3.client
    return make(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=key[2] if len(key) > 2 else None,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def prepare(administrator: Any, mine: str, others: str) -> None:
    """Make the bucket and a file in every place."""
    administrator.create_bucket(Bucket=BUCKET)
    places = [f"{level}/{who}" for level in ("private", "protected") for who in (mine, others)]
    for place in (*places, "public", "public/locked", "elsewhere"):
        administrator.put_object(Bucket=BUCKET, Key=f"{place}/there.txt", Body=b"there")


def table(s3: Any, mine: str, others: str) -> dict[str, str]:
    """Try everything; returns what was allowed and what was refused."""
    places = {
        "own private": f"private/{mine}",
        "other's private": f"private/{others}",
        "own protected": f"protected/{mine}",
        "other's protected": f"protected/{others}",
        "public": "public",
        "public/locked": "public/locked",
        "elsewhere": "elsewhere",
    }
    found: dict[str, str] = {}
    for name, place in places.items():
        at = {"Bucket": BUCKET, "Key": f"{place}/there.txt"}
        tries: dict[str, Callable[[], Any]] = {
            "put": lambda place=place: s3.put_object(Bucket=BUCKET, Key=f"{place}/new ü+1.txt", Body=b"new"),  # type: ignore[misc]
            "get": lambda at=at: s3.get_object(**at)["Body"].read(),  # type: ignore[misc]
            "head": lambda at=at: s3.head_object(**at),  # type: ignore[misc]
            "list": lambda place=place: s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{place}/"),  # type: ignore[misc]
            "copy other's into": lambda place=place: s3.copy_object(  # type: ignore[misc]
                Bucket=BUCKET,
                Key=f"{place}/copy.txt",
                CopySource={"Bucket": BUCKET, "Key": f"private/{others}/there.txt"},
            ),
            "delete": lambda place=place: s3.delete_object(Bucket=BUCKET, Key=f"{place}/new ü+1.txt"),  # type: ignore[misc]
        }
        found |= {f"{verb} {name}": outcome(call) for verb, call in tries.items()}
    found["list all"] = outcome(lambda: s3.list_objects_v2(Bucket=BUCKET))
    found["create bucket"] = outcome(lambda: s3.create_bucket(Bucket="another"))
    found["delete bucket"] = outcome(lambda: s3.delete_bucket(Bucket=BUCKET))
    return found


def outcome(call: Callable[[], Any]) -> str:
    """Return whether a call was allowed; a missing object counts as allowed, anything else is told."""
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return "refused" if code in REFUSALS else "allowed" if code in ("NoSuchKey", "404") else code
    return "allowed"
