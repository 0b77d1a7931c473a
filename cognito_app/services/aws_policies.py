"""Managed policies of AWS that installations need: they are there without a row, and nobody can change them.

Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PREFIX = "arn:aws:iam::aws:policy/"
Document = dict[str, Any]


def _document(effect: str, actions: Sequence[str]) -> Document:
    action = actions[0] if len(actions) == 1 else list(actions)
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]}


DOCUMENTS: dict[str, Document] = {
    f"{PREFIX}AWSDenyAll": _document("Deny", ["*"]),
    f"{PREFIX}AdministratorAccess": _document("Allow", ["*"]),
    f"{PREFIX}AmazonCognitoDeveloperAuthenticatedIdentities": _document(
        "Allow",
        [
            "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
            "cognito-identity:LookupDeveloperIdentity",
            "cognito-identity:MergeDeveloperIdentities",
            "cognito-identity:UnlinkDeveloperIdentity",
        ],
    ),
    f"{PREFIX}AmazonCognitoPowerUser": _document(
        "Allow", ["cognito-identity:*", "cognito-idp:*", "cognito-sync:*", "iam:ListRoles"]
    ),
    f"{PREFIX}AmazonCognitoReadOnly": _document(
        "Allow",
        [
            "cognito-identity:Describe*",
            "cognito-identity:Get*",
            "cognito-identity:List*",
            "cognito-idp:Describe*",
            "cognito-idp:AdminGet*",
            "cognito-idp:AdminList*",
            "cognito-idp:List*",
            "cognito-idp:Get*",
            "cognito-sync:Describe*",
            "cognito-sync:Get*",
            "cognito-sync:List*",
            "iam:ListOpenIdConnectProviders",
            "iam:ListRoles",
        ],
    ),
    f"{PREFIX}AmazonS3FullAccess": _document("Allow", ["s3:*", "s3-object-lambda:*"]),
    f"{PREFIX}AmazonS3ReadOnlyAccess": _document(
        "Allow", ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"]
    ),
}
