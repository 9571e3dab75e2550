"""What schemathesis must know to come further than 401 and 404: who signs what, and what is there.

Loaded by schemathesis in a process of its own; `run.py` starts it."""

import os
import random
import time

import schemathesis

from native import Key, Person, Signature, b64

ORIGIN = os.environ["TIDINGS_ORIGIN"]

owner = Person(ORIGIN).register()
group, exchange = os.urandom(16), os.urandom(16)
stranger = Key()


def furnish():
    """Gives the owner one of everything, so that paths lead somewhere."""
    members = [{"key": owner.access.text, "role": "owner"}]
    owner.call("POST", "/v1/groups", owner.device, json={"group": b64(group), "members": members, "info": b64(b"info")})
    expires = int(time.time() * 1000) + 86_400_000
    owner.call("POST", "/v1/exchanges", owner.device, json={"id": b64(exchange), "offer": b64(b"x"), "expires": expires})
    made = owner.call("POST", "/v1/blobs", owner.device, json={"size": 100, "delete": b64(os.urandom(32))}).json()
    owner.call("PATCH", f"/v1/blobs/{made['id']}", owner.device, data=bytes(100), headers={"Upload-Offset": "0"})
    return made["id"]


blob = furnish()
#: What stands in paths; the rest of the time it is what schemathesis made up.
KNOWN = {"identity": owner.identity.text, "group": b64(group), "exchange": b64(exchange), "blob": blob}
#: Requests that would take away what the others need: they hit what schemathesis makes up only.
DESTRUCTIVE = {("DELETE", "/v1/groups/{group}"), ("DELETE", "/v1/groups/{group}/members/self"), ("DELETE", "/v1/blobs/{blob}"),
               ("DELETE", "/v1/exchanges/{exchange}")}

#: The identity of the next request that makes or deletes an account.
passing = {"person": Person(ORIGIN)}


def key_for(method, path):
    if path == "/v1/accounts":
        return passing["person"].identity
    if (method, path) == ("DELETE", "/v1/account"):
        return Person(ORIGIN).register().identity
    if (method, path) == ("PUT", "/v1/devices"):
        return owner.identity
    if path.startswith("/v1/groups/"):
        return owner.access
    return owner.device


schemathesis.auth.set_from_requests(Signature(key_for))


@schemathesis.hook
def before_call(context, case, **kwargs):
    """Puts things that are there into requests that are meant to be good."""
    operation = (case.method.upper(), case.operation.path)
    if case.meta is not None and not case.meta.generation.mode.is_positive:
        return
    parameters = case.path_parameters or {}
    for name in parameters:
        if name in KNOWN and operation not in DESTRUCTIVE and random.random() < 0.7:
            parameters[name] = KNOWN[name]
    if operation == ("POST", "/v1/accounts"):
        passing["person"] = Person(ORIGIN)
        case.body = {"devices": passing["person"].devices()}
    elif operation == ("PUT", "/v1/devices"):
        case.body = {"devices": owner.devices(owner.counter + 1)}
    elif operation == ("PUT", "/v1/push"):
        case.body = PUSH


@schemathesis.hook
def after_call(context, case, response):
    if (case.method.upper(), case.operation.path) == ("PUT", "/v1/devices") and response.status_code == 204:
        owner.counter += 1


#: A subscription of the form that browsers give; its key is the example of RFC 8291.
PUSH = {
    "endpoint": "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
