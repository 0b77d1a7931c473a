"""Buckets, tags, rules for other origins, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import AuditEvent
from tests.clients import s3 as clients
from tests.contrib.object_storage.conftest import refused

pytestmark = pytest.mark.django_db


def test_life_of_a_bucket(s3: Any) -> None:
    assert s3.create_bucket(Bucket="first-one")["Location"] == "/first-one"
    s3.create_bucket(Bucket="second", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert [(b["Name"], b["BucketRegion"]) for b in s3.list_buckets()["Buckets"]] == [
        ("first-one", "us-east-1"),
        ("second", "eu-west-1"),
    ]
    page = s3.list_buckets(MaxBuckets=1)
    assert [b["Name"] for b in page["Buckets"]] == ["first-one"]
    rest = s3.list_buckets(MaxBuckets=1, ContinuationToken=page["ContinuationToken"])
    assert [b["Name"] for b in rest["Buckets"]] == ["second"]
    assert "ContinuationToken" not in rest
    assert s3.get_bucket_location(Bucket="first-one")["LocationConstraint"] is None
    assert s3.get_bucket_location(Bucket="second")["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket="second")["BucketRegion"] == "eu-west-1"
    with refused("BucketAlreadyOwnedByYou", 409):
        s3.create_bucket(Bucket="second")
    s3.put_object(Bucket="second", Key="o", Body=b"x")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket="second")
    s3.delete_object(Bucket="second", Key="o")
    s3.delete_bucket(Bucket="second")
    with refused("NoSuchBucket", 404):
        s3.delete_bucket(Bucket="second")
    with refused("404", 404):
        s3.head_bucket(Bucket="second")
    actions = [*AuditEvent.objects.filter(subject="second").order_by("pk").values_list("action", flat=True)]
    assert actions == ["CreateBucket", "DeleteBucket"]


@pytest.mark.parametrize("name", ["aBc", "a..b", "127.0.0.1", "-ab", "ab-", "xn--a", "a.-b", "a_b", "x-s3alias"])
def test_bad_names_of_buckets(s3: Any, name: str) -> None:
    with refused("InvalidBucketName", 400):
        s3.create_bucket(Bucket=name)


def test_rights_for_buckets(s3: Any, bucket: str) -> None:
    nobody = clients.client(clients.user(clients.may("s3:GetObject", "*")))
    for call in (
        nobody.list_buckets,
        lambda: nobody.create_bucket(Bucket="third"),
        lambda: nobody.delete_bucket(Bucket=bucket),
        lambda: nobody.get_bucket_location(Bucket=bucket),
        lambda: nobody.get_bucket_cors(Bucket=bucket),
        lambda: nobody.delete_bucket_cors(Bucket=bucket),
        lambda: nobody.list_objects_v2(Bucket=bucket),
        lambda: nobody.list_objects(Bucket=bucket),
        lambda: nobody.put_object_tagging(Bucket=bucket, Key="o", Tagging={"TagSet": []}),
    ):
        with refused("AccessDenied", 403):
            call()
    with refused("403", 403):
        nobody.head_bucket(Bucket=bucket)


def test_the_owner_that_a_client_expects(s3: Any, bucket: str) -> None:
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")
    with refused("403", 403):
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="111111111111")


def test_tags(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="o", Body=b"x", Tagging="a=1&b=two%20words")
    tags = s3.get_object_tagging(Bucket=bucket, Key="o")["TagSet"]
    assert tags == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"}]
    s3.put_object_tagging(Bucket=bucket, Key="o", Tagging={"TagSet": [{"Key": "c", "Value": ""}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="o")["TagSet"] == [{"Key": "c", "Value": ""}]
    many = [{"Key": str(number), "Value": ""} for number in range(11)]
    for bad, code in (
        (many, "BadRequest"),
        ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], "InvalidTag"),
        ([{"Key": "a", "Value": "v" * 257}], "InvalidTag"),
        ([{"Key": "k" * 129, "Value": ""}], "InvalidTag"),
    ):
        with refused(code, 400):
            s3.put_object_tagging(Bucket=bucket, Key="o", Tagging={"TagSet": bad})
    s3.delete_object_tagging(Bucket=bucket, Key="o")
    assert s3.get_object_tagging(Bucket=bucket, Key="o")["TagSet"] == []
    with refused("NoSuchKey", 404):
        s3.get_object_tagging(Bucket=bucket, Key="none")


def test_policies_may_ask_for_tags(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="red", Body=b"x", Tagging="clearance=red")
    s3.put_object(Bucket=bucket, Key="blue", Body=b"x", Tagging="clearance=blue")
    condition = {"StringEquals": {"s3:ExistingObjectTag/clearance": "blue"}}
    reader = clients.client(clients.user(clients.may("s3:GetObject", "*", Condition=condition)))
    reader.get_object(Bucket=bucket, Key="blue")
    for key in ("red", "none"):
        with refused("AccessDenied", 403):
            reader.get_object(Bucket=bucket, Key=key)
    actions = ["s3:PutObject", "s3:PutObjectTagging"]
    asked = {"StringEquals": {"s3:RequestObjectTag/clearance": "blue"}}
    writer = clients.client(clients.user(clients.may(actions, "*", Condition=asked)))
    writer.put_object(Bucket=bucket, Key="new", Body=b"x", Tagging="clearance=blue")
    for tagging in ("clearance=red", ""):
        with refused("AccessDenied", 403):
            writer.put_object(Bucket=bucket, Key="new", Body=b"x", Tagging=tagging)
    untagging = clients.client(clients.user(clients.may("s3:PutObject", "*")))
    untagging.put_object(Bucket=bucket, Key="new", Body=b"x")
    with refused("AccessDenied", 403):
        untagging.put_object(Bucket=bucket, Key="new", Body=b"x", Tagging="a=1")


RULES = [
    {
        "AllowedOrigins": ["https://*.example.com"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["x-amz-*", "Content-Type"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    },
    {"ID": "all", "AllowedOrigins": ["*"], "AllowedMethods": ["GET"]},
]


def ask(bucket: str, origin: str, method: str, headers: str = "") -> Any:
    """Ask as a browser does before it sends a request."""
    given = {"host": "localhost:8000", "access-control-request-method": method}
    given |= {"origin": origin} if origin else {}
    given |= {"access-control-request-headers": headers} if headers else {}
    return clients.web("OPTIONS", f"/s3/{bucket}/o", headers=given)


def test_rules_for_other_origins(s3: Any, bucket: str) -> None:
    with refused("NoSuchCORSConfiguration", 404):
        s3.get_bucket_cors(Bucket=bucket)
    assert b"CORS is not enabled" in ask(bucket, "https://a.example.com", "PUT").content
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == RULES
    answer = ask(bucket, "https://a.example.com", "PUT", "content-type, X-Amz-Date")
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "https://a.example.com"
    assert answer["Access-Control-Allow-Headers"] == "content-type, x-amz-date"
    assert (answer["Access-Control-Allow-Methods"], answer["Access-Control-Max-Age"]) == ("GET, PUT", "60")
    assert answer["Access-Control-Expose-Headers"] == "ETag"
    assert ask(bucket, "https://other.org", "GET")["Access-Control-Allow-Origin"] == "*"
    for origin, method, headers, status in (
        ("https://other.org", "PUT", "", 403),
        ("https://a.example.com.evil.org", "PUT", "", 403),
        ("https://a.example.com", "DELETE", "", 403),
        ("https://a.example.com", "PUT", "authorization", 403),
        ("", "PUT", "", 400),
        ("https://a.example.com", "PATCH", "", 400),
    ):
        refusal = ask(bucket, origin, method, headers)
        assert refusal.status_code == status
        assert "Access-Control-Allow-Origin" not in refusal
    assert ask("nowhere", "https://a.example.com", "GET").status_code == 403
    s3.delete_bucket_cors(Bucket=bucket)
    assert ask(bucket, "https://a.example.com", "PUT").status_code == 403


def test_answers_and_refusals_carry_the_rule(s3: Any, bucket: str) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    host = {"host": "localhost:8000"}
    refusal = clients.web("GET", f"/s3/{bucket}/o", headers={**host, "origin": "https://a.example.com"})
    assert (refusal.status_code, refusal["Access-Control-Allow-Origin"]) == (403, "https://a.example.com")
    assert "Origin" in refusal["Vary"]
    assert "Access-Control-Allow-Origin" not in clients.web("GET", f"/s3/{bucket}/o", headers=host)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"AllowedOrigins": ["*"], "AllowedMethods": ["PATCH"]}, "InvalidRequest"),
        ({"AllowedOrigins": ["https://*.*"], "AllowedMethods": ["GET"]}, "InvalidRequest"),
        ({"AllowedOrigins": [], "AllowedMethods": ["GET"]}, "MalformedXML"),
    ],
)
def test_bad_rules(s3: Any, bucket: str, rule: dict[str, Any], code: str) -> None:
    with refused(code, 400):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    with refused("MalformedXML", 400):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES * 51})


def test_addresses_at_the_root_and_by_host(admin_key: tuple[str, str], s3: Any, bucket: str, settings: Any) -> None:
    domain = "objects.localhost:8000"
    settings.COGNITO_OBJECT_STORAGE = {**settings.COGNITO_OBJECT_STORAGE, "DOMAIN": domain}
    root = clients.client(admin_key, endpoint="http://localhost:8000")
    by_path = clients.client(admin_key, endpoint=f"http://{domain}")
    by_host = clients.client(admin_key, endpoint=f"http://{domain}", addressing="virtual")
    for number, client in enumerate((root, by_path, by_host)):
        client.put_object(Bucket=bucket, Key=f"login/{number}", Body=b"x")
        assert client.get_object(Bucket=bucket, Key=f"login/{number}")["Body"].read() == b"x"
        assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == number + 1
        assert [row["Name"] for row in client.list_buckets()["Buckets"]] == [bucket]
    asked = {
        "origin": "https://a.example.com",
        "access-control-request-method": "GET",
        "access-control-request-headers": "x-amz-content-sha256",
        "host": "localhost:8000",
    }
    s3.put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={
            "CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]}]
        },
    )
    assert clients.web("OPTIONS", f"/{bucket}/o", headers=asked).status_code == 200


def test_stored_pages_are_no_scripts_of_the_portal(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="page", Body=b"<script>", ContentType="text/html")
    headers = s3.get_object(Bucket=bucket, Key="page")["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-security-policy"] == "sandbox"
    assert headers["x-content-type-options"] == "nosniff"


def test_attributes_for_access_control(s3: Any) -> None:
    """The developer guide's example: the bucket by the user's department, the objects by the user's clearance."""
    for department in ("legal", "sales"):
        s3.create_bucket(Bucket=f"files-{department}")
        for clearance in ("low", "high"):
            s3.put_object(Bucket=f"files-{department}", Key=clearance, Body=b"x", Tagging=f"clearance={clearance}")
    tag = "${aws:PrincipalTag/clearance}"
    document = clients.may(
        "s3:GetObject",
        "arn:aws:s3:::files-${aws:PrincipalTag/department}/*",
        Condition={"StringEquals": {"s3:ExistingObjectTag/clearance": tag}},
    )
    _, keys = clients.identity_with(document, tags={"department": "legal", "clearance": "high"})
    ann = clients.client(keys)
    assert ann.get_object(Bucket="files-legal", Key="high")["Body"].read() == b"x"
    for bucket, key in (("files-legal", "low"), ("files-sales", "high")):
        with refused("AccessDenied", 403):
            ann.get_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize(
    ("condition", "good"),
    [
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"s3:authType": "REST-HEADER"}}, True),
        ({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}, False),
        ({"NumericLessThan": {"s3:signatureAge": "600000"}}, True),
        ({"StringNotEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}, True),
        ({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}, True),
        ({"StringEquals": {"s3:x-amz-acl": "private"}}, False),
        ({"StringEquals": {"s3:ResourceAccount": "000000000000"}}, True),
    ],
)
def test_condition_keys(s3: Any, bucket: str, condition: dict[str, Any], good: bool) -> None:
    writer = clients.client(clients.user(clients.may("s3:PutObject", "*", Condition=condition)))
    given = {"Bucket": bucket, "Key": "o", "Body": b"x", "ACL": "bucket-owner-full-control"}
    if good:
        writer.put_object(**given)
    else:
        with refused("AccessDenied", 403):
            writer.put_object(**given)
