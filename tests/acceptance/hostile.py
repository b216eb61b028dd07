"""What hostile clients send: tables of it, for a server whose token is TOKEN."""

import msgspec

TOKEN = "a token that the operator has chosen"

AUTHORIZATION: dict[str, list[str]] = {
    "nothing": [],
    "empty": [""],
    "the scheme alone": ["Bearer"],
    "a dot": ["Bearer ."],
    "the token alone": [TOKEN],
    "basic": ["Basic OmEgdG9rZW4="],
    "digest": ["Digest username=x"],
    "another scheme": [f"Token {TOKEN}"],
    "a scheme that begins like it": [f"Bearerx {TOKEN}"],
    "no space": [f"Bearer:{TOKEN}"],
    "too short": [f"Bearer {TOKEN[:-1]}"],
    "too long": [f"Bearer {TOKEN}x"],
    "other case": [f"Bearer {TOKEN.upper()}"],
    "quoted": [f'Bearer "{TOKEN}"'],
    "twice": [f"Bearer {TOKEN}", f"Bearer {TOKEN}"],
    "right and wrong": [f"Bearer {TOKEN}", "Bearer x"],
    "wrong and right": ["Bearer x", f"Bearer {TOKEN}"],
    "joined by a comma": [f"Bearer x, Bearer {TOKEN}"],
    "a made token of nobody": ["Bearer nt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    "an unsigned JWT": ["Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."],
    "SQL": ["Bearer ' OR 1=1 --"],
    "null": ["Bearer null"],
    "very long": ["Bearer " + "x" * 20_000],
    "not ASCII": ["Bearer töken"],
    "what desktops send": ["Bearer local_token"],
}

PLACES = [
    "?token={}",
    "?api_key={}",
    "?access_token={}",
    "?auth_token={}",
    "?authorization=Bearer%20{}",
    ";token={}",
    "#Bearer {}",
]

HEADERS = ["X-Api-Key", "X-Auth-Token", "Cookie", "Proxy-Authorization", "X-Forwarded-Authorization", "X-User-Id"]

ORIGINS = [
    "https://evil.example",
    "http://evil.example:8000",
    "null",
    "",
    "file://",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://evil.example/localhost",
    "http://localhost@evil.example",
    "http://user:pass@localhost",
    "http://localhost:8000.evil.example",
    "http://[::1].evil.example",
    "http://0x7f000001",
    "http://2130706433",
    "http://127.1",
    "https://localhost,https://evil.example",
    "javascript://localhost",
    "chrome-extension://abcdef",
    "http://localhos\u00b4t",
    "http://localhost\x00.evil",
]

HOSTS = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.2",
    "0.0.0.0",
    "10.0.0.1",
    "localhost:8000:8000",
    "localhost@evil.example",
    "evil.example#localhost",
    "[::2]",
    "localhost, evil.example",
    "localhost.",
    "xn--localhost-abc",
]

IDS = [
    "nobody",
    "GOOD",
    "good%20",
    "%67ood%00",
    "..%2fgood",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "good'--",
    'good"',
    "good;DROP%20TABLE%20workflows",
    "%ff%fe",
    "%F0%9F%98%80",
    "%0d%0aSet-Cookie:%20a=b",
    "a" * 5000,
    "0" * 32,
    "00000000-0000-0000-0000-000000000000",
    "-1",
    "1e9",
    "{id}",
    "${7*7}",
    "%E2%80%AE",
    "null",
]

BODIES: dict[str, tuple[bytes, int]] = {
    "NaN": (b'{"params": {"text": NaN}}', 400),
    "infinity": (b'{"params": {"text": -Infinity}}', 400),
    "a comment": (b'{"params": {} /* x */}', 400),
    "a comma too much": (b'{"params": {},}', 400),
    "single quotes": (b"{'params': {}}", 400),
    "a byte order mark": (b'\xef\xbb\xbf{"params": {}}', 400),
    "UTF-16": ('{"params": {}}'.encode("utf-16"), 400),
    "a zero byte": (b'{"params": {}}\x00', 400),
    "half an escape": (b'{"params": {"text": "\\u12"}}', 400),
    "a control character": (b'{"params": {"text": "\x01"}}', 400),
    "half a document": (b'{"params": {"text": "', 400),
    "two documents": (b"{} {}", 400),
    "deep lists": (b'{"x": ' + b"[" * 65 + b"]" * 65 + b"}", 400),
    "deep maps": (b'{"x": ' + b'{"a":' * 65 + b"1" + b"}" * 65 + b"}", 400),
    "open for ever": (b"[" * 200_000, 400),
    "a number": (b"1", 422),
    "a list": (b"[1]", 422),
    "true": (b"true", 422),
    "an unknown param": (b'{"params": {"__proto__": {"admin": true}}}', 422),
    "another of them": (b'{"params": {"constructor": 1, "text": "x"}}', 422),
    "a map for text": (b'{"params": {"text": {"$gt": ""}}}', 422),
    "a list for text": (b'{"params": {"text": ["a"]}}', 422),
    "an integer beyond numbers": (b'{"params": {"text": ' + b"9" * 5000 + b"}}", 422),
    "a float beyond numbers": (b'{"params": {"text": 1e999}}', 400),
    "a job id that is none": (b'{"params": {}, "job_id": "../../x"}', 422),
    "a job id that is long": (b'{"params": {}, "job_id": "' + b"1" * 10_000 + b'"}', 422),
}

AUTH = f"Authorization: Bearer {TOKEN}\r\n".encode()

POST = b"POST /workflows/good/jobs HTTP/1.1\r\nHost: localhost\r\n" + AUTH

RAW: dict[str, bytes] = {
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "a length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks that are strange": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length that is text": POST + b"Content-Length: two\r\n\r\n{}",
    "a length with a plus": POST + b"Content-Length: +2\r\n\r\n{}",
    "a length beyond numbers": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "a chunk of no size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk beyond numbers": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "a header without a colon": b"GET /workflows HTTP/1.1\r\nHost localhost\r\n\r\n",
    "a header with a space": b"GET /workflows HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "a zero byte in a header": b"GET /workflows HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
    "no host": b"GET /workflows HTTP/1.1\r\n\r\n",
    "no path": b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a path that is none": b"GET workflows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method that is none": b"G<T /workflows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method in small letters": b"get /workflows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "connect": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "trace": b"TRACE /workflows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "the whole address": b"GET http://evil.example/workflows HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "HTTP 0.9": b"GET /workflows\r\n\r\n",
    "HTTP 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an upgrade to nothing": b"GET /workflows HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "noise": bytes(range(256)) * 4,
}

FRAMES: dict[str, bytes | str] = {
    "an identity": '{"command": "run_job", "data": {"workflow_id": "nobody", "user_id": "2", "auth_token": "x"}}',
    "a graph": '{"command": "run_job", "data": {"graph": {"nodes": [], "edges": []}}}',
    "a graph and a workflow": '{"command": "run_job", "data": {"workflow_id": "good", "graph": {"nodes": []}}}',
    "deep params": b"\x82\xa7command\xa7run_job\xa4data\x82\xabworkflow_id\xa4good\xa6params\x81\xa4text"
    + b"\x91" * 70
    + b"\xc0",
    "deep JSON": '{"command": "run_job", "data": {"workflow_id": "good", "params": {"text": '
    + "[" * 70
    + "]" * 70
    + "}}}",
    "an extension": msgspec.msgpack.encode(
        {"command": "run_job", "data": {"workflow_id": "good", "params": {"text": msgspec.msgpack.Ext(7, b"x")}}}
    ),
    "an integer beyond numbers": '{"command": "run_job", "data": {"workflow_id": "good", "params": {"text": 1'
    + "0" * 400
    + "}}}",
    "a map that promises more": b"\xdf\xff\xff\xff\xff",
    "a list that promises more": b"\xdd\xff\xff\xff\xff",
    "a text that promises more": b"\xdb\xff\xff\xff\xffabc",
    "keys that are numbers": b"\x81\x01\x02",
    "a number": b"\x01",
    "nothing": "",
    "a null": "null",
    "a job id that is none": '{"command": "run_job", "data": {"workflow_id": "good", "job_id": "x"}}',
    "a mode that is none": '{"command": "set_mode", "data": {"mode": "xml"}}',
    "less than nothing": '{"command": "reconnect_job", "data": {"job_id": "x", "after": -1}}',
    "data that is a list": '{"command": "run_job", "data": []}',
    "a request id beyond numbers": '{"command": "cancel_job", "request_id": ' + "9" * 30 + "}",
    "a command in capitals": '{"command": "RUN_JOB"}',
}

FIRST = [
    b"",
    b"\xc1",
    "x",
    "{}",
    "[]",
    '{"auth_token": 1}',
    '{"auth_token": null, "data": {"auth_token": []}}',
    "{" * 9999,
]
