"""A real HTTP server that plays the endpoints of a Supabase project, with real keys."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PATH = "/auth/v1/.well-known/jwks.json"

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def public(name: str, key: Private, **fields: Any) -> dict[str, Any]:
    """Return the public half of a key as a set of keys has it."""
    known: dict[str, Any]
    match key:
        case ec.EllipticCurvePrivateKey():
            known = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"alg": "ES256"}
        case rsa.RSAPrivateKey():
            known = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"alg": "RS256"}
        case _:
            known = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"alg": "EdDSA"}
    return known | {"kid": name, "use": "sig"} | fields


class Issuer:
    """A project. Its keys can be changed, and it can be made to fail."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, Private] = {"one": ec.generate_private_key(ec.SECP256R1())}
        self.status = 200
        self.body: bytes | None = None
        self.asked = 0

    def document(self) -> bytes:
        if self.body is not None:
            return self.body
        return json.dumps({"keys": [public(name, key) for name, key in self.keys.items()]}).encode()

    def token(self, name: str = "one", *, alg: str = "ES256", key: Any = None, **claims: Any) -> str:
        """Sign a token; a claim that is None is left out."""
        now = int(time.time())
        said = {
            "iss": f"{self.url}/auth/v1",
            "aud": "authenticated",
            "sub": "8d6f1a34-0000-4000-8000-0000000000aa",
            "role": "authenticated",
            "iat": now,
            "exp": now + 3600,
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, key or self.keys[name], algorithm=alg, headers={"kid": name})


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Serve a project for the length of a block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_address[1]}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += self.path == PATH
            body = issuer.document()
            self.send_response(issuer.status if self.path == PATH else 404)
            self.send_header("Location", f"{issuer.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
