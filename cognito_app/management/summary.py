"""What ``quickstart`` tells a newcomer."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def text(facts: dict[str, Any], directory: Path) -> str:
    """Return the summary for people."""
    lines = [
        "",
        "Cognito is running.",
        "",
        f"  Endpoint         {facts['endpoint']}   (region {facts['region']})",
        f"  Portal           {facts['portal_url']}",
        f"  Messages         {facts['outbox_dir']}   and in the portal's inbox",
        f"  Access key       {facts['access_key_id']}",
        f"  Secret key       {facts['secret_access_key']}",
    ]
    if facts["user_pool_id"]:
        lines += _demo(facts)
    lines += ["", f"Data lies in {directory}. Stop with Ctrl+C; start again with the same command.", ""]
    return "\n".join(lines)


def _demo(facts: dict[str, Any]) -> list[str]:
    host = facts["endpoint"].split("://", 1)[1]
    return [
        "",
        f"  User pool        {facts['user_pool_id']}   client {facts['client_id']}",
        f"  User             {facts['demo_username']}   password {facts['demo_password']}",
        f"  Sign-in pages    {facts['domain_url']}",
        f"  Identity pool    {facts['identity_pool_id']}",
        f"  Demo service     {facts['demo_service_url']}",
        f"  Object storage   {facts['object_storage_url']}   bucket {facts['bucket']}",
        "",
        "AWS CLI:",
        f"  aws --endpoint-url {facts['endpoint']} --region {facts['region']} cognito-idp initiate-auth \\",
        f"    --auth-flow USER_PASSWORD_AUTH --client-id {facts['client_id']} \\",
        f"    --auth-parameters 'USERNAME={facts['demo_username']},PASSWORD={facts['demo_password']}'",
        "",
        "boto3:",
        f"  boto3.client('cognito-idp', endpoint_url='{facts['endpoint']}', region_name='{facts['region']}',",
        f"               aws_access_key_id='{facts['access_key_id']}', aws_secret_access_key='...')",
        "",
        "Amplify:",
        "  Amplify.configure({ Auth: { Cognito: {",
        f"    userPoolId: '{facts['user_pool_id']}', userPoolClientId: '{facts['client_id']}',",
        f"    identityPoolId: '{facts['identity_pool_id']}',",
        f"    userPoolEndpoint: '{facts['endpoint']}', identityPoolEndpoint: '{facts['endpoint']}',",
        f"    loginWith: {{ oauth: {{ domain: '{host}/{facts['user_pool_id']}' }} }} }} }} }})",
    ]
