#!/usr/bin/env python3
"""Writes the first inputs of each fuzz target, or of the named ones, into fuzz/corpus. What the fuzzers find later is kept
beside them by `just fuzz-keep`."""

import gzip
import hashlib
import json
import pathlib
import sys
import zlib

ROOT = pathlib.Path(__file__).parent / "corpus"
KEY = "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns="
SIGNED = "A" * 87 + "="
CRLF = "\r\n"


def keep(target, *inputs):
    if target not in (sys.argv[1:] or [target]):
        return
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        data = data.encode() if isinstance(data, str) else data
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def part(name, value, more=""):
    return f'--b{CRLF}Content-Disposition: form-data; name="{name}"{more}{CRLF}{CRLF}{value}{CRLF}'


keep(
    "authorization",
    f'Signature keyId="{KEY}",headers="x-date",signature="{SIGNED}"',
    f'keyId="{KEY}",signature="{SIGNED}"',
    f'Signature signature="{SIGNED}",keyId="{KEY}"',
    f'Signature keyId="{KEY},signature="{SIGNED}',
    f'Signature keyId="{"A" * 43}=",signature="{SIGNED}"',
    f'Signature keyId="{KEY}",signature="{"A" * 54}//"',
    f'Signature keyId="x",keyId="{KEY}", signature="{SIGNED}",signature="{SIGNED[:-2]}B="',
    f'signature keyId="{KEY[:-1]}",signature="{SIGNED.replace("A", "_")}"',
    'Signature keyId="",signature=""',
)
KIND = "multipart/form-data; boundary=b\n"
FILE = f'; filename="f"{CRLF}Content-Type: application/octet-stream'
keep(
    "form",
    *(
        chr(cut) + KIND + body
        for cut in (1, 7, 100)
        for body in (
            part("recipient", KEY) + part("attachment", "abc\r\n--", FILE) + part("text", "x") + "--b--" + CRLF,
            part("recipient[]", "a") + part("recipient[1]", "b") + "--b--",
            part("attachment", "1", FILE) + part("attachment", "2", FILE) + "--b--",
            part("other", "1", FILE) + "--b--",
            part("attachment", "", '; filename=""') + "--b--" + CRLF + "after",
            "before" + CRLF + part("a", "--b") + part("a", "\x00\xff"),
            "--b--",
        )
    ),
    "\x05text/plain\n{}",
    "\x05multipart/form-data\n--b--",
    '\x05MULTIPART/FORM-DATA ; charset=x; boundary="b c"\n--b c\r\n\r\n\r\n--b c--',
)
keep(
    "forwarded",
    "203.0.113.9",
    "198.51.100.1, 203.0.113.9, 10.1.1.1",
    "203.0.113.9:4711\n[2001:db8::1]:443",
    "2001:db8::1,::ffff:10.0.0.1",
    "unknown",
    ",,,",
    ", ".join(["10.0.0.1"] * 12),
)
DOCUMENT = json.dumps({"publicKey": KEY, "list": [1, 2.5, None, True, {"a": "ä\u0000"}], "name": "x" * 40})
CODINGS = 6
keep(
    "json",
    b"\x00" + DOCUMENT.encode(),
    b"\x00",
    b"\x00[1]",
    b"\x00" + "\ufeff{}".encode(),
    b"\x01" + b"[" * 200,
    b"\x02" + gzip.compress(DOCUMENT.encode(), mtime=0),
    b"\x02" + gzip.compress(b"{}", mtime=0) + gzip.compress(b" ", mtime=0),
    b"\x02" + gzip.compress(b"[" + b" " * 70000 + b"]", mtime=0),
    b"\x03" + zlib.compress(DOCUMENT.encode()),
    b"\x03" + zlib.compress(DOCUMENT.encode())[2:-4],
    b"\x05{}",
    bytes([CODINGS * 1]) + DOCUMENT.encode(),
    bytes([CODINGS * 2]) + b'{"a":"\\ud800"}',
    bytes([CODINGS * 3]) + '{"a":1}'.encode("utf-16"),
    bytes([CODINGS * 4]) + '{"ä":1}'.encode("utf-16-le"),
    bytes([CODINGS * 5]) + '{"ä":1}'.encode("utf-16-be"),
    bytes([CODINGS * 6]) + '{"ä":1}'.encode("utf-32"),
    bytes([CODINGS * 7]) + '{"ä":1}'.encode("utf-32-le"),
    bytes([CODINGS * 8]) + '{"ä":1}'.encode("utf-32-be"),
    bytes([CODINGS * 9]) + b"{}",
)
GET, HEAD, POST, DELETE = range(4)
keep(
    "route",
    *(
        bytes([method]) + path.encode()
        for method, path in [
            (GET, "/"),
            (HEAD, "/index.html"),
            (GET, "/api/info/"),
            (POST, "/api/contact-exchange/T/accept"),
            (POST, "/API/Contact-Exchange"),
            (DELETE, "/api/contact-exchange/T"),
            (POST, "/api/parcels/a%2Fb%2bc%3d"),
            (POST, "/api/parcels/group/a%2Cb"),
            (GET, "/api/parcels/x/accepts"),
            (GET, "/api/parcels/%ff/status"),
            (GET, "/api/parcels/%/attachment"),
            (DELETE, "/api/parcels/x"),
            (POST, "/api/account/contacts"),
            (POST, "/api/account/push-subscriptions"),
            (GET, "/api/account/backup"),
            (GET, "/api/account/invited-users"),
            (DELETE, "/api/account"),
            (POST, "/api/account/delete"),
            (GET, "//api//info"),
        ]
    ),
)
ALL = b"\0"  # file, .env, environment and flags, divided by zero bytes
keep(
    "settings",
    b'listen = ["127.0.0.1:8080", "[::1]:8080"]\npublic-url = "https://inbox.example.org"\n[rate]\naddress-burst = 0x10\n'
    + ALL * 3,
    b"[quota.inbox]\nparcels = 5\nbytes = '1GiB'\n[keep]\nparcels = '90d'\nlisten = 1\n" + ALL * 3,
    b"lissten = 1\n[a.b.c.d.e]\nf = 1e9\n" + ALL * 3,
    b"a = [1, {b = 2}, 1979-05-27T07:32:00Z]\n\"\\u00e4\" = '''\n'''\n" + ALL * 3,
    ALL + b"# comment\nexport PORT=3000 # here\nADMIN_MESSAGE=\"two\\nlines\n\"\nCREATE_SIGN_UP_INVITE='false'\n" + ALL * 2,
    ALL + b"\xef\xbb\xbfCONTACT_EXCHANGE_TIME_TO_LIVE_IN_MIN=60\nTIDINGS_LISTEN=`1`\nx" + ALL * 2,
    ALL * 2 + b"TIDINGS_TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8\nTIDINGS_STATISTICS=rounded\nTIDINGS_LISTN=1\nPORT=x" + ALL,
    ALL * 2 + b"PUSH_TIME_TO_LIVE_ON_SERVICE_IN_DAYS=3\nPUSH_VAPID_CONTACT=mailto:a@example.org\nADMIN_UUID=x" + ALL,
    ALL * 3 + b"log-level=info,tidings=debug\ninvitation-life=1h 30min\ndisk-reserve=10 %\ntls-cert=/x\n",
    ALL * 3 + b"acme-domains=a.example,b.example\nacme-contact=mailto:a@example.org\npush-ttl=0",
)
POINT = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"  # RFC 8291, appendix A


def subscription(endpoint="https://push.example.org/x", point=POINT, auth="BTBZMqHH6r4Tts7J_aSIgg", **more):
    return json.dumps({"endpoint": endpoint, "keys": {"p256dh": point, "auth": auth}, **more})


keep(
    "subscription",
    subscription(),
    subscription(encoding="aesgcm", expirationTime=None),
    subscription(encoding="other"),
    subscription("https://127.0.0.1/"),
    subscription("https://0x7f.1/"),
    subscription("https://[::ffff:10.0.0.1]/"),
    subscription("https://LocalHost./"),
    subscription("https://u:p@push.example.org/"),
    subscription("http://push.example.org/"),
    subscription("https://[2606:4700::1111]:443/a?b#c"),
    subscription(point=POINT[:-1] + "_"),
    subscription(auth="BTBZMqHH6r4Tts7J/aSIgg=="),
    "{}",
)

CHAT = '{"type":"msg","msg":"a}\\\\\\"{","fromPublicKey":"' + "02" + "6" * 64 + '","toPublicKey":null,"cname":"r\\u006fom"}'
keep(
    "darkchat_objects",
    *(chr(cut) + stream for cut in (1, 5, 90) for stream in (CHAT * 2, f" {CHAT}\r\n{{}}\t", f"x{CHAT}", CHAT[:50], "{]{}")),
    '\x07{"a":[{"b":[[]]}],"toPublicKey":0.0e1,"toPublicKey":"\\ud83d\\ude00"}',
    "\x07null",
    "\x07[{}]",
)
RELAY = f"room**@#@996d5895fd29-400d-a423-8d33fe5e83d2:1795171915895**@#@{CHAT}"
keep(
    "darkchat_link",
    *(
        chr(stage + 4 * cut) + stream
        for cut in (1, 30)
        for stage, stream in (
            (0, RELAY * 2),
            (0, f"**@#@1**@#@ {CHAT} \n{RELAY}"),
            (0, f"peer**@#@127.0.0.1:30303{RELAY}"),
            (0, f"peer**@#@a-b.example:1**@#@2**@#@{CHAT}"),
            (0, "peer**@#@::ffff:1.2.3.4:5"),
            (0, "peer**@#@a:1peer**@#@b:65536"),
            (0, "room**@#@1**@#@null"),
            (1, "connect**@#@30302"),
            (1, "connect**@#@1connect**@#@1"),
            (2, "okpeer**@#@1.2.3.4:5"),
            (2, "error"),
        )
    ),
)


def frames(*given):
    """Frames of a client, under the mask that changes nothing."""
    return b"".join(bytes([first, 0x80 | len(payload), 0, 0, 0, 0]) + payload for first, payload in given)


keep(
    "websocket",
    *(
        bytes([cut, 25]) + stream
        for cut in (1, 7, 255)
        for stream in (
            frames((0x81, b"hello"), (0x82, b"\xff"), (0x88, b"\x03\xe8bye")),
            frames((0x01, b"\xc3"), (0x89, b"?"), (0x80, b"\xa4"), (0x8A, b""), (0x88, b"")),
            b"\x82\xfe\x00\x03\x01\x02\x03\x04abc" + b"\x82\xff" + bytes(7) + b"\x01\x01\x02\x03\x04x",
        )
    ),
)
keep(
    "socketio",
    '40\x1e420["room-join",{"roomId":"x"}]\x1e3',
    '42/,7["a\\"\\u00e4", {"x":[1,"\\ud800"]} ,2]\x1ebAQID',
    '451-3["x",{"_placeholder":true,"num":0}]\x1e461-3[]\x1e41',
    '40/admin?x=1,{"token":1}\x1e42["connect"]\x1e42[5]\x1e43[]',
)
