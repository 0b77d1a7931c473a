"""The operations that the load consists of, over kept connections."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cognito_app.core import srp

USERS = 40
PASSWORD = "Load-Horse-4!"
Call = Callable[[int], None]


class Server:
    """Makes calls to a running server; one connection for each function that it returns."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.address = urlsplit(facts["endpoint"])
        self.signer = SigV4Auth(
            Credentials(facts["access_key_id"], facts["secret_access_key"]), "cognito-idp", facts["region"]
        )

    def connection(self) -> http.client.HTTPConnection:
        """Return a kept connection."""
        return http.client.HTTPConnection("127.0.0.1", self.address.port, timeout=30)

    def call(self, connection: http.client.HTTPConnection, operation: str, body: Any, *, signed: bool = False) -> Any:
        """Run an AWS operation."""
        text = json.dumps(body)
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
            "Host": self.address.netloc,
        }
        if signed:
            request = AWSRequest("POST", self.facts["endpoint"] + "/", data=text, headers=headers)
            self.signer.add_auth(request)
            headers = dict(request.headers.items())
        return self._send(connection, "POST", "/", text, headers)

    def _send(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> Any:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content)

    def _auth(self, flow: str, parameters: dict[str, str]) -> dict[str, Any]:
        return {"ClientId": self.facts["client_id"], "AuthFlow": flow, "AuthParameters": parameters}

    def password(self) -> Call:
        """Sign in by password."""
        line = self.connection()
        return lambda n: self.call(line, "InitiateAuth", self._auth("USER_PASSWORD_AUTH", _credentials(n)))

    def by_srp(self) -> Call:
        """Sign in by SRP, both requests; the client's powers are not the server's."""
        line = self.connection()
        return lambda n: self._srp(line, f"load{n % USERS}")

    def _srp(self, line: http.client.HTTPConnection, username: str) -> None:
        a = int.from_bytes(secrets.token_bytes(32), "big")
        public_a = srp._power(srp.G, a)
        first = self.call(
            line, "InitiateAuth", self._auth("USER_SRP_AUTH", {"USERNAME": username, "SRP_A": f"{public_a:x}"})
        )
        given = first["ChallengeParameters"]
        scope = self.facts["user_pool_id"].split("_")[1]
        inner = hashlib.sha256(f"{scope}{given['USER_ID_FOR_SRP']}:{PASSWORD}".encode()).digest()
        x = int.from_bytes(hashlib.sha256(srp.pad(int(given["SALT"], 16)) + inner).digest(), "big")
        public_b = int(given["SRP_B"], 16)
        u = int.from_bytes(hashlib.sha256(srp.pad(public_a) + srp.pad(public_b)).digest(), "big")
        shared = srp._power((public_b - srp.K * srp._power(srp.G, x)) % srp.N, a + u * x)
        extracted = hmac.digest(srp.pad(u), srp.pad(shared), "sha256")
        key = hmac.digest(extracted, srp.LABEL, "sha256")[:16]
        stamp = time.strftime("%a %b %-d %H:%M:%S UTC %Y", time.gmtime())
        block = base64.b64decode(given["SECRET_BLOCK"])
        self.call(
            line,
            "RespondToAuthChallenge",
            {
                "ClientId": self.facts["client_id"],
                "ChallengeName": "PASSWORD_VERIFIER",
                "ChallengeResponses": {
                    "USERNAME": given["USERNAME"],
                    "TIMESTAMP": stamp,
                    "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"],
                    "PASSWORD_CLAIM_SIGNATURE": srp.claim_signature(key, scope, given["USER_ID_FOR_SRP"], block, stamp),
                },
            },
        )

    def sign_up_and_confirm(self) -> Call:
        """Register a user, and confirm as an administrator."""
        line = self.connection()

        def call(number: int) -> None:
            name = f"new-{secrets.token_hex(8)}"
            body = {"ClientId": self.facts["client_id"], "Username": name, "Password": PASSWORD}
            self.call(line, "SignUp", body)
            target = {"UserPoolId": self.facts["user_pool_id"], "Username": name}
            self.call(line, "AdminConfirmSignUp", target, signed=True)

        return call

    def tokens(self, number: int) -> Any:
        """Return the tokens of a load user."""
        return self.call(self.connection(), "InitiateAuth", self._auth("USER_PASSWORD_AUTH", _credentials(number)))[
            "AuthenticationResult"
        ]

    def refresh(self) -> Call:
        """Renew tokens."""
        line = self.connection()
        held = [self.tokens(n)["RefreshToken"] for n in range(4)]
        return lambda n: self.call(
            line, "InitiateAuth", self._auth("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": held[n % 4]})
        )

    def get_user(self) -> Call:
        """Read the own user."""
        line = self.connection()
        held = [self.tokens(n)["AccessToken"] for n in range(4)]
        return lambda n: self.call(line, "GetUser", {"AccessToken": held[n % 4]})

    def admin_get_user(self, pool_id: str | None = None, count: int = USERS) -> Call:
        """Read a user as an administrator."""
        line = self.connection()
        pool = pool_id or self.facts["user_pool_id"]
        return lambda n: self.call(
            line, "AdminGetUser", {"UserPoolId": pool, "Username": f"load{n * 7919 % count}"}, signed=True
        )

    def list_users(self, pool_id: str, **given: Any) -> Call:
        """Read a page of users."""
        line = self.connection()
        return lambda n: self.call(line, "ListUsers", {"UserPoolId": pool_id, **given}, signed=True)

    def page_token(self, pool_id: str) -> str:
        """Return the token of the second page."""
        answer = self.call(self.connection(), "ListUsers", {"UserPoolId": pool_id}, signed=True)
        return str(answer["PaginationToken"])

    def client_credentials(self) -> Call:
        """Ask for a token of a client."""
        line = self.connection()
        pair = f"{self.facts['confidential_client_id']}:{self.facts['confidential_client_secret']}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Host": self.address.netloc,
        }
        body = urlencode({"grant_type": "client_credentials", "scope": "demo/read"})
        path = f"/{self.facts['user_pool_id']}/oauth2/token"
        return lambda n: self._send(line, "POST", path, body, headers)

    def document(self, name: str) -> Call:
        """Read a published document."""
        line = self.connection()
        path = f"/{self.facts['user_pool_id']}/.well-known/{name}"
        return lambda n: self._send(line, "GET", path, None, {"Host": self.address.netloc})


def _credentials(number: int) -> dict[str, str]:
    return {"USERNAME": f"load{number % USERS}", "PASSWORD": PASSWORD}
