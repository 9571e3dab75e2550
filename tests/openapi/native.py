"""A person with one device at a node, in Python alone: keys, signed objects and signed requests (docs/protocol)."""

import base64
import hashlib
import os
import time
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CONTENT_DIGEST = "Content-Digest"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cbor(value):
    """The little of CBOR that signed objects need."""

    def head(kind, number):
        for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
            if number < 24:
                return bytes([kind << 5 | number])
            if number < 1 << 8 * size:
                return bytes([kind << 5 | code]) + number.to_bytes(size, "big")
        raise ValueError(number)

    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


class Key:
    def __init__(self):
        self.secret = Ed25519PrivateKey.generate()
        self.public = self.secret.public_key().public_bytes_raw()

    @property
    def text(self):
        return b64(self.public)

    def object(self, label, body):
        """A signed object: identity.md."""
        body = cbor(body)
        signature = self.secret.sign(b"tidings/1 " + label.encode() + b"\0" + body)
        return cbor([body, signature])


class Signature(requests.auth.AuthBase):
    """Signs each request (RFC 9421) with the key that `choose` gives for its method and path; none: not at all."""

    def __init__(self, choose):
        self.choose = choose

    def __call__(self, request):
        parts = urlsplit(request.url)
        key = self.choose(request.method, parts.path)
        for name in ("Signature", "Signature-Input", CONTENT_DIGEST):
            request.headers.pop(name, None)
        if key is None:
            return request
        body = request.body.encode() if isinstance(request.body, str) else request.body
        nonce = b64(os.urandom(16))
        covered, digest = "", ""
        if body:
            value = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
            request.headers[CONTENT_DIGEST] = value
            covered, digest = ' "content-digest"', f'"content-digest": {value}\n'
        params = (
            f'("@method" "@authority" "@path" "@query"{covered});created={int(time.time())};nonce="{nonce}"'
            f';keyid="{key.text}";alg="ed25519";tag="tidings/1"'
        )
        base = (
            f'"@method": {request.method}\n"@authority": {parts.netloc.lower()}\n"@path": {parts.path}\n'
            f'"@query": ?{parts.query}\n{digest}"@signature-params": {params}'
        )
        signature = base64.b64encode(key.secret.sign(base.encode())).decode()
        request.headers["Signature-Input"] = f"tidings={params}"
        request.headers["Signature"] = f"tidings=:{signature}:"
        return request


class Person:
    """An identity with one device, which has an account as soon as `register` was called."""

    def __init__(self, origin):
        self.origin = origin
        self.identity, self.device, self.access = Key(), Key(), Key()
        self.counter = 1

    def devices(self, counter=None):
        """The signed device list with this counter."""
        proof = self.device.secret.sign(b"tidings/1 member\0" + self.identity.public)
        body = {
            "identity": self.identity.public,
            "counter": counter or self.counter,
            "next": 2,
            "devices": [{"key": self.device.public, "serial": 1, "proof": proof}],
        }
        return b64(self.identity.object("devices", body))

    def call(self, method, path, key, **more):
        """A request that must be answered well. In the second in which a node has started it asks to sign anew."""
        deadline = time.monotonic() + 10
        while True:
            answer = requests.request(method, self.origin + path, auth=Signature(lambda *_: key), timeout=30, **more)
            if answer.status_code != 503 or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        if answer.status_code >= 300:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    def register(self):
        self.call("POST", "/v1/accounts", self.identity, json={"devices": self.devices()})
        return self
