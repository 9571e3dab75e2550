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
ID, ED25519 = "A" * 21 + "w", "A" * 42 + "8"
PARAMS = f'created=1700000000;nonce="{ID}";keyid="{ED25519}";alg="ed25519";tag="tidings/1"'
COVERED = '"@method" "@authority" "@path" "@query"'
keep(
    "native_request",
    f'\0tidings=({COVERED});{PARAMS}\ntidings=:{"A" * 86}==:',
    f'\0tidings=({COVERED} "content-digest");{PARAMS}\ntidings=:{"A" * 86}==:',
    *(
        chr(1 + 5 * method) + path
        for method in range(6)
        for path in (f"/v1/groups/{ID}/entries", f"/v1/groups/{ID}/members/self", "/v1/push/test", f"/v1/blobs/{ED25519}", "/v1/node/")
    ),
    "\2bytes=0-99",
    "\2bytes=-5",
    "\2bytes=18446744073709551615-",
    f'\3{{"follow":{{"group":"{ID}","after":7,"key":"{ED25519}","signature":"{"A" * 86}","device":"{"A" * 11}"}}}}',
    '\3{"unfollow":{"inbox":true}}',
    '\3{"say":{"channel":"lobby","text":"hi"}}',
    f'\3{{"entries":{{"group":"{ID}","entries":[{{"number":1,"id":"{ID}","kind":"commit","turn":1,"at":9,"body":"AA","remove":["{ED25519}"]}}]}}}}',
    f'\4{{"id":"{ID}","kind":"commit","turn":1,"body":"AAAA","info":"AA","add":[{{"key":"{ED25519}","role":"owner"}}]}}',
    f'\4{{"contacts":[{{"key":"{ED25519}","drop":true}}]}}',
    f'\4{{"id":"{ID}","offer":"AA","expires":18446744073709551615}}',
    f'\4{{"size":100,"delete":"{ED25519}"}}',
    '\4{"error":"from the future","message":""}',
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

# Each valid message as it is, with a bit flipped, a byte more, a piece cut out; and none of them.
keep("mls", *(bytes([which]) for which in range(8)))
keep("mls", *(bytes([which, kind, 0, place, 1]) for which in range(8) for kind, place in ((1, 5), (1, 40), (2, 9), (3, 30))))
keep("mls", b"\xff", b"\xff\x00\x01\x00\x02" + bytes(60), b"\xff\x00\x01\x00\x01" + bytes(60), b"\xff\x00\x01\x00\x03\x00\x01" + bytes(60))


def vectors(name):
    return json.loads((pathlib.Path(__file__).parent.parent / "docs/protocol/vectors" / f"{name}.json").read_text())


def inner(signed):
    """The body of a signed object: what stands in the first byte string of the array."""
    data = bytes.fromhex(signed)
    kind = data[1] & 0x1F
    if kind < 24:
        return data[2 : 2 + kind]
    width = 1 << (kind - 24)
    length = int.from_bytes(data[2 : 2 + width], "big")
    return data[2 + width : 2 + width + length]


SIGNED = [
    (0, [vectors("signed")["object"], *(case["object"] for case in vectors("signed")["refused"])]),
    (1, [entry["object"] for which in ("lists", "refused") for entry in vectors("device_lists")[which]]),
    (2, [vectors("invitations")["card"]["object"]]),
    (3, [vectors("invitations")["offer"]["object"]]),
    (4, [vectors("invitations")["answer"]["object"]]),
    (5, [entry["signed"]["object"] for entry in vectors("parcels")["parcels"]]),
]
keep(
    "signed_objects",
    *(bytes([kind]) + data for kind, group in SIGNED for text in group for data in (bytes.fromhex(text), inner(text))),
)
SAID = vectors("contents")
keep(
    "contents",
    *(b"\x00" + bytes.fromhex(case["cbor"]) for case in [*SAID["messages"], SAID["newer"], *SAID["refused"]]),
    *(b"\x01" + bytes.fromhex(vectors("rosters")[name]["cbor"]) for name in ("before", "left", "after")),
    *(b"\x01" + bytes.fromhex(case["cbor"]) for case in vectors("rosters")["refused"]),
    *(b"\x02" + bytes.fromhex(vectors("profile")[name]["cbor"]) for name in ("one", "other", "merged")),
    b"\x03\xa3eepoch\x03ctagH" + bytes(8) + b"cmlsCabc",
    b"\x04" + bytes.fromhex(vectors("profile")["archive"]["cbor"]),
    b"\x05\xa3fdeviceX " + bytes(32) + b"eagreeX " + bytes(32) + b"dnamebhi",
    b"\x06" + bytes.fromhex(vectors("sealing")["padded"]["padded"]),
)
keep(
    "sealed",
    *(bytes.fromhex(case["sealed"]) for case in [*vectors("parcels")["parcels"], *vectors("sealing")["sealed"]]),
    *(bytes.fromhex(case[name]) for case in vectors("entries")["sealed"] for name in ("entry", "info")),
    *(bytes.fromhex(vectors("links")["linking"][name]) for name in ("request", "reply")),
    *(status.to_bytes(2, "little") + body for status in (200, 206, 404, 416, 429, 503) for body in (b"7", bytes(100))),
)
LINKS = vectors("links")
keep(
    "typed",
    *(b"\x00" + text.encode() for text in (LINKS["invitation"]["link"], LINKS["invitation"]["link_with_token"])),
    *(b"\x00" + text.encode() for text in (LINKS["invitation"]["account_link"], LINKS["room"]["link"], LINKS["linking"]["code"])),
    *(b"\x00" + case["phrase"].encode() for case in vectors("keys")["phrases"]),
    *(b"\x00" + case["number"].encode() for case in vectors("safety")["pairs"]),
    b"\x01BwcHBwcHBwcHBwcHBwcHBw.T",
    b"\x02T-1",
    b"\x03" + b"A" * 64,
    b"\x04node.example:8443",
    b"\x04[2001:db8::1]:1",
    b"\x05000g-40r4 zfyfvzqz",
    b"\x00history/" + b"A" * 21 + b"A/7",
)
KEY32, KEY16 = "A" * 43, "A" * 22
ENTRY = {"number": 1, "id": KEY16, "kind": "commit", "turn": 1, "at": 5, "body": "AAA", "add": [{"key": KEY32, "role": "owner"}], "remove": [KEY32]}
PARCEL = {"number": 1, "id": KEY16, "at": 5, "label": "parcel", "body": "AAA"}
FROM_CLIENT = (
    {"follow": {"inbox": True, "after": 7, "key": KEY32, "signature": "A" * 86}},
    {"unfollow": {"group": KEY16}},
    {"say": {"channel": "x", "text": "y"}},
)
FROM_NODE = (
    {"hello": {"challenge": KEY32, "incarnation": 1, "heartbeat": 30}},
    {"following": {"group": KEY16, "end": 2, "turn": 1}},
    {"refused": {"inbox": True, "error": "not_accepted"}},
    {"parcels": {"parcels": [PARCEL]}},
    {"entries": {"group": KEY16, "entries": [ENTRY]}},
    {"changed": "profile"},
)
BODIES = (
    (2, {"devices": "AAA", "token": "x"}),
    (3, {"packages": ["AAA"], "last_resort": "AAA"}),
    (4, {"devices": "AAA", "packages": [{"device": KEY32, "package": "AAA", "last_resort": False}]}),
    (5, {"parcels": [PARCEL], "end": 1}),
    (6, {"group": KEY16, "members": [{"key": KEY32, "role": "member"}], "info": "AAA"}),
    (8, {"id": KEY16, "kind": "message", "turn": 0, "body": "AAA", "notify": True}),
    (9, {"entries": [ENTRY], "end": 1, "turn": 1}),
    (10, {"error": "turn", "message": "x", "winner": ENTRY, "turn": 1, "end": 1}),
    (11, {"id": KEY16, "state": "open", "offer": "AAA", "expires": 5}),
    (14, {"error": "rate", "message": "x"}),
)
keep(
    "native_json",
    *(b"\x00" + json.dumps(text).encode() for text in FROM_CLIENT),
    *(b"\x01" + json.dumps(text).encode() for text in FROM_NODE),
    *(bytes([kind]) + json.dumps(body).encode() for kind, body in BODIES),
    *(
        b"\x0f" + f"{request['signature-input']}\n{request['signature']}".encode()
        for request in vectors("requests")["requests"]
    ),
)


def chunk(name, content):
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def png(width, height, *more):
    """A grey picture in red, green and blue."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    rows = (b"\0" + bytes([90, 120, 150]) * width) * height
    parts = (chunk(b"IHDR", head), *more, chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg(*more):
    """One block, all of the same grey."""

    def segment(kind, content):
        return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2, "big") + content

    one_code = bytes([1] + [0] * 15 + [0])
    parts = (
        *more,
        (0xDB, b"\0" + bytes([1] * 64)),
        (0xC0, bytes([8, 0, 8, 0, 8, 1, 1, 0x11, 0])),
        (0xC4, b"\x00" + one_code),
        (0xC4, b"\x10" + one_code),
        (0xDA, bytes([1, 1, 0, 0, 63, 0])),
    )
    return b"\xff\xd8" + b"".join(segment(*part) for part in parts) + b"\x3f\xff\xd9"


def webp(width, height):
    """Lossless, one colour: five codes of one symbol each."""
    bits = f"{width - 1:014b}"[::-1] + f"{height - 1:014b}"[::-1] + "0000" + "000" + "1001" * 5
    bits += "0" * (-len(bits) % 8)
    body = b"\x2f" + bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    body += b"\0" * (len(body) % 2)
    whole = b"WEBPVP8L" + len(body).to_bytes(4, "little") + body
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
keep(
    "pictures",
    *(bytes([side]) + png(9, 5) for side in (0, 1)),
    b"\x00" + png(3, 3, chunk(b"eXIf", TURNED[6:]), chunk(b"tEXt", b"Comment\0here")),
    b"\x00" + png(9, 5).replace(bytes([0, 0, 0, 9, 0, 0, 0, 5]), bytes([0, 0, 99, 9, 0, 0, 99, 5])),
    b"\x00" + jpeg(),
    b"\x00" + jpeg((0xE1, TURNED), (0xFE, b"here")),
    b"\x00" + webp(4, 3),
)
keep(
    "shown_text",
    *(
        text.encode()
        for text in (
            "plain words\nand a line",
            "\x1b]0;title\x07\x1b[31mred\x1b[0m\r\x08\x7f\x9b",
            "\u202eright to left\u202c \u2066isolated\u2069",
            "שלום عليكم",
            "e\u0301\u0301\u0301 \u200b\u200d\ufeff \U000e0041",
            "👩\u200d👩\u200d👧\ufe0f",
            "it's -- $(here)",
        )
    ),
)
ALL_WELL = bytes([0, 0, 0, 0, 1, 0, 0, 0])
keep(
    "upload",
    *(size.to_bytes(2, "little") + bytes(40) for size in (0, 1, 13_107, 65_535)),
    b"\xff\xff" + ALL_WELL * 6,
    b"\xff\xff" + bytes([0, 0, 1, 0, 0, 0]) * 8,
    b"\xff\xff" + bytes([0, 0, 1, 0, 0, 15]) * 8,
)
keep(
    "hostile_node",
    bytes(400),
    *(bytes([0] * 30 + [kind, 1, 2, 3, 4] * 30) for kind in range(7, 16)),
    *(bytes([0, 0, 0, kind] * 60) for kind in (4, 5, 6, 7)),
    *(bytes([0] * 60 + [command] + [0] * 60 + [command] + [0] * 120) for command in range(1, 16)),
)
