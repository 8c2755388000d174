"""Requests that no honest client sends: each gets a clear answer, and the daemon goes on as if nothing had been."""
import json
import os
import socket
import time
import urllib.parse

from harness import Case, wait_until

DEEP = 200_000


def request(method="GET", target="/_ping", body=None, headers=(), version="HTTP/1.1", host=True):
    """One request's bytes, as they are asked for, whatever they mean."""
    lines = [f"{method} {target} {version}"] + (["Host: d"] if host else []) + list(headers)
    if body is not None and not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def create(document, query="", **options):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return request("POST", f"/containers/create{query}", body, ["Content-Type: application/json"], **options)


def quoted(text):
    return urllib.parse.quote(text, safe="")


class Hostile(Case):
    def raw(self, data, patience=20, half_close=False, until_closed=False):
        """All that the daemon answers, until it has nothing more to say, or has closed the connection."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(patience)
            client.connect(self.daemon.socket)
            try:
                client.sendall(data)
                if half_close:
                    client.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has said its word before all was sent
            got = b""
            while True:
                try:
                    part = client.recv(65536)
                except (ConnectionResetError, socket.timeout):
                    break
                got += part
                if not part or (self.whole(got) and not until_closed):
                    return got
            return got

    @staticmethod
    def whole(got):
        head, _, body = got.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                return len(body) >= int(line.split(b":")[1])
        return b" 204 " in head or b" 304 " in head

    def status(self, data, **options):
        """(status, message); a refusal is JSON with a message that is text."""
        got = self.raw(data, **options)
        self.assertTrue(got.startswith(b"HTTP/1."), f"no answer to {data[:120]!r}: {got[:200]!r}")
        status = int(got.split(b" ", 2)[1])
        body = got.partition(b"\r\n\r\n")[2]
        if status < 400:
            return status, ""
        message = json.loads(body)["message"]
        self.assertIsInstance(message, str)
        self.assertTrue(message)
        return status, message

    def refused(self, cases):
        """Each case is refused as one of 4xx (or exactly as it says), and the daemon answers the next one."""
        for name, data, *expected in cases:
            with self.subTest(name):
                status, message = self.status(data)
                if expected:
                    self.assertIn(status, expected, message)
                else:
                    self.assertTrue(400 <= status < 500, f"{status} {message}")
        self.assertTrue(self.daemon.answers())

    def setUp(self):
        self.before = self.footprint()

    def tearDown(self):
        super().tearDown()
        self.assertIsNone(self.daemon.process.poll())
        wait_until(lambda: self.footprint() <= self.before + 3, 20, "the daemon to let go of what was asked")

    def footprint(self):
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))

    # ---- bodies

    def test_bodies_that_are_no_container(self):
        base = self.base
        self.refused([
            ("nothing", create(b"")),
            ("half", create(b'{"Image":')),
            ("null", create(b"null")),
            ("a list", create(b"[]")),
            ("text", create(b'"x"')),
            ("a number", create(b"1")),
            ("not JSON", create(b"Image=base")),
            ("single quotes", create(b"{'Image':'x'}")),
            ("comment", create(b'{"Image":"x"/**/}')),
            ("trailing comma", create(b'{"Image":"x",}')),
            ("something behind it", create(json.dumps({"Image": base}).encode() + b" trailing")),
            ("two documents", create(json.dumps({"Image": base}).encode() * 2)),
            ("a byte order mark", create(b"\xef\xbb\xbf" + json.dumps({"Image": base}).encode())),
            ("NaN", create(b'{"Image":"x","StopTimeout":NaN}')),
            ("control character", create(b'{"Image":"a\nb"}')),
            ("bytes that are no UTF-8", create(b'{"Image":"\xff\xfe"}')),
            ("an overlong encoding", create(b'{"Image":"\xc0\xaf"}')),
            ("half a surrogate", create(b'{"Image":"\\ud800"}')),
            ("a bad escape", create(b'{"Image":"\\x41"}')),
            ("a name twice", create(f'{{"Image":"x","Image":{json.dumps(base)}}}'.encode())),
            ("a name twice, in two cases", create(f'{{"Image":{json.dumps(base)},"image":"x"}}'.encode())),
            ("no image", create({"Cmd": ["true"]})),
            ("an image that is no name", create({"Image": "../../etc/passwd"})),
            ("an image with a NUL", create({"Image": "a\0b"})),
            ("upper case", create({"Image": "UPPER/Case"})),
            ("a very long image", create({"Image": "a" * 100_000})),
        ])

    def test_nesting_without_end(self):
        base = json.dumps(self.base)
        self.refused([
            ("lists", create(b"[" * DEEP)),
            ("objects", create(b'{"a":' * DEEP)),
            ("closed lists in a label", create(f'{{"Image":{base},"Labels":{"[" * DEEP}{"]" * DEEP}}}'.encode())),
            ("objects in HostConfig", create(f'{{"Image":{base},"HostConfig":'.encode() + b'{"a":' * DEEP)),
        ])
        filters = quoted("[" * 5000)
        self.refused([("in filters", request("GET", f"/containers/json?filters={filters}"))])

    def test_wrong_types(self):
        def with_(field, value):
            return create({"Image": self.base, **{field: value}})

        def host(field, value):
            return with_("HostConfig", {field: value})
        wrong = [with_(f, v) for f, v in (
            ("Image", 1), ("Image", ["x"]), ("Image", {"a": 1}), ("Cmd", 1), ("Cmd", {"a": "b"}), ("Cmd", [1]), ("Cmd", [None]),
            ("Entrypoint", {"x": 1}), ("Env", "A=b"), ("Env", [1]), ("Env", {"A": "b"}), ("Labels", ["a"]), ("Labels", {"a": 1}),
            ("Labels", "a=b"), ("Tty", "yes"), ("Tty", 1), ("OpenStdin", "x"), ("User", 0), ("WorkingDir", 1), ("Hostname", []),
            ("ExposedPorts", ["80"]), ("Volumes", ["/x"]), ("StopSignal", 9), ("StopTimeout", "1"),
            ("StopTimeout", 1.5), ("HostConfig", []), ("HostConfig", "x"), ("HostConfig", 1), ("NetworkingConfig", []))]
        wrong += [host(f, v) for f, v in (
            ("Memory", "1g"), ("Memory", 1.5), ("Memory", 1e300), ("Memory", -5), ("Memory", 18446744073709551616), ("Memory", 1),
            ("NanoCpus", "1"), ("NanoCpus", -1), ("CpuShares", "x"), ("CpuQuota", {}), ("PidsLimit", "x"), ("Privileged", "true"),
            ("Binds", "/a:/b"), ("Binds", [1]), ("Binds", [":"]), ("Binds", ["/a:b"]), ("Binds", ["/a:/b:nonsense"]),
            ("Binds", ["a:b:c:d:e"]), ("Binds", ["../x:/y"]), ("Binds", ["/a:/"]), ("Mounts", {}), ("Mounts", [1]),
            ("Mounts", [{"Type": "nonsense", "Target": "/x"}]), ("Mounts", [{"Type": "bind", "Source": "/no/such", "Target": "/x"}]),
            ("Mounts", [{"Type": "volume", "Source": "../../etc", "Target": "/x"}]), ("Mounts", [{"Type": "volume"}]),
            ("Tmpfs", ["/x"]), ("Tmpfs", {"/x": 1}), ("PortBindings", []), ("PortBindings", {"99999/tcp": [{}]}),
            ("PortBindings", {"80/tcp": [{"HostPort": "x"}]}), ("PortBindings", {"80/tcp": [{"HostPort": "99999"}]}),
            ("RestartPolicy", "always"),
            ("RestartPolicy", {"Name": "sometimes"}), ("RestartPolicy", {"Name": "on-failure", "MaximumRetryCount": -1}),
            ("NetworkMode", 1), ("CapAdd", ["NO_SUCH"]), ("Ulimits", [{"Name": "nonsense", "Soft": 1, "Hard": 1}]),
            ("Ulimits", {}), ("Devices", [{"PathOnHost": 1}]), ("Sysctls", []), ("SecurityOpt", "x"), ("SecurityOpt", ["nonsense"]),
            ("LogConfig", {"Type": "nonsense"}), ("LogConfig", "x"), ("Runtime", "no-such"), ("ShmSize", -1), ("ShmSize", "64m"),
            ("OomScoreAdj", 5000), ("OomScoreAdj", "x"), ("GroupAdd", [1]), ("ExtraHosts", {}), ("Dns", "1.1.1.1"),
            ("UsernsMode", "nonsense"), ("PidMode", "nonsense"), ("IpcMode", "nonsense"), ("Init", "yes"))]
        self.refused([(data.partition(b"\r\n\r\n")[2].decode()[len(self.base):140], data) for data in wrong])
        self.assertEqual(self.daemon.ids(), set())

    def test_what_is_only_unusual_is_taken(self):
        """As dockerd: unknown fields are ignored, names are found in any case."""
        base = json.dumps(self.base)
        for name, body in (("unknown", f'{{"Image":{base},"NoSuchField":{{"a":[1]}}}}'),
                           ("spaces", f' \r\n\t{{ "Image" : {base} }}\n '), ("any case", f'{{"iMAGE":{base}}}'),
                           ("null fields", f'{{"Image":{base},"Cmd":null,"HostConfig":null}}')):
            with self.subTest(name):
                self.assertEqual(self.status(create(body.encode()))[0], 201)

    def test_numbers_of_fields_and_sizes(self):
        many = {"Image": self.base, "Labels": {f"l{n}": "x" for n in range(5000)}}
        self.assertEqual(self.status(create(many))[0], 201)
        self.refused([
            ("over the limit", create({"Image": self.base, "Labels": {"a": "x" * (5 << 20)}}), 413),
            ("only told to be", request("POST", "/containers/create", b"", ["Content-Length: 99999999999"]), 413),
        ])

    # ---- names and paths

    def test_names_that_lead_elsewhere(self):
        good = {"Image": self.base}
        self.refused([(name, create(good, f"?name={quoted(name)}"), 400) for name in (
            "../../etc", "a/b", "/", ".", "..", "-a", "a b", "a\0b", "a\nb", "ä", "x" * 5000, "_", "a%2fb", "a;b", "a'b")])
        self.refused([(target, request("GET", target)) for target in (
            "/containers/../../etc/passwd/json", "/containers/%2e%2e%2f%2e%2e%2fetc/json", "/containers/%00/json",
            "/containers/a%0d%0aX-Evil:1/json", "/containers//json", "/containers/%/json", "/containers/%zz/json",
            "/images/..%2f..%2f/json", "/images/%ff/json", "/volumes/..", "/volumes/%2e%2e%2f", "/exec/..%2f/json", "/networks/%00",
            "/v1.47/../info", "//info", "/v1.47//info", "/v9999999999999.1/info", "/v1.0/info", "/v1./info", "/v-1.1/info",
            "/containers/" + "a" * 20_000 + "/json", "/" + "%41" * 5000, "/nothing/here", "/containers/json/json/json")])
        for volume in ("../x", "/abs", "a/b", "", "-", ".", "x" * 300, "a\0"):
            status, _ = self.status(request("POST", "/volumes/create", json.dumps({"Name": volume}).encode()))
            self.assertEqual(status, 201 if volume == "" else 400, volume)
        self.daemon.ok("volume", "prune", "-f")

    def test_queries(self):
        self.ok("create", "--name", "box", self.base, "true")
        many = "&".join(f"a{n}=1" for n in range(300))
        self.refused([(target, request(method, target)) for method, target in (
            ("GET", f"/containers/json?{many}"), ("GET", "/containers/json?filters={"), ("GET", "/containers/json?filters=[]"),
            ("GET", "/containers/json?filters=1"), ("GET", "/containers/json?filters=" + quoted('{"status":["nonsense"]}')),
            ("GET", "/containers/json?filters=" + quoted('{"no-such":["x"]}')), ("GET", "/containers/json?filters=" + quoted('{"name":1}')),
            ("GET", "/containers/json?limit=x"), ("GET", "/containers/json?%zz=1"),
            ("GET", "/images/json?filters=" + quoted('{"no-such":["x"]}')), ("GET", "/volumes?filters=" + quoted('{"no-such":["x"]}')),
            ("GET", "/containers/box/logs"), ("GET", "/containers/box/logs?stdout=1&since=yesterday"),
            ("GET", "/containers/box/logs?stdout=1&until=%00"), ("POST", "/containers/box/kill?signal=NOPE"),
            ("POST", "/containers/box/kill?signal=999"), ("POST", "/containers/box/kill?signal=-9"), ("POST", "/containers/box/stop?t=x"),
            ("POST", "/containers/box/restart?t=1e9"),
            ("POST", "/containers/box/wait?condition=never"), ("POST", "/containers/box/resize?h=x&w=1"),
            ("POST", "/containers/box/resize?h=70000&w=1"), ("POST", "/containers/box/resize"), ("POST", "/containers/box/rename"),
            ("POST", "/containers/box/rename?name=../x"), ("POST", "/containers/box/attach?stdin=1&stream=1&detachKeys=nonsense-key"),
            ("GET", "/containers/box/top"), ("GET", "/containers/box/attach/ws?stream=1"), ("GET", "/containers/box/archive"),
            ("PUT", "/containers/box/archive"), ("GET", "/events?since=x"), ("POST", "/images/create"),
            ("POST", "/images/create?fromImage=..%2f..%2fx"), ("POST", "/images/create?fromImage=UPPER"),
            ("POST", f"/images/{quoted(self.base)}/tag?repo=UPPER"), ("POST", f"/images/{quoted(self.base)}/tag?repo=a&tag=%00"),
            ("DELETE", "/containers/none"), ("DELETE", "/images/none"), ("DELETE", "/volumes/none"), ("POST", "/exec/none/start"),
            ("POST", "/containers/none/start"))])

    def test_bodies_of_other_endpoints(self):
        self.ok("run", "-d", "--name", "box", self.base, "sleep", "1000")
        self.refused([(body.decode("latin-1")[:60], request("POST", "/containers/box/exec", body)) for body in (
            b"", b"{", b"[]", b"null", b"{}", b'{"Cmd":[]}', b'{"Cmd":[1]}', b'{"Cmd":["true"],"Env":"x"}',
            b'{"Cmd":["true"],"User":1}', b'{"Cmd":["true"],"Tty":"x"}', b'{"Cmd":["true"],"DetachKeys":"nonsense-key"}')])
        self.refused([(body.decode("latin-1")[:60], request("POST", "/volumes/create", body)) for body in (
            b"{", b"[]", b'{"Name":1}', b'{"Name":"v","Labels":[]}', b'{"Name":"v","Driver":"nonsense"}')])
        self.refused([("an auth that is no base64", request("POST", "/images/create?fromImage=x", headers=["X-Registry-Auth: !!!"]))])

    # ---- HTTP itself

    def test_heads_that_are_none(self):
        ping = b"GET /_ping HTTP/1.1\r\nHost: d\r\n"
        self.refused([
            ("garbage", b"\x00\x01\x02\x03\r\n\r\n"),
            ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100 + b"\r\n\r\n"),
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("HTTP/9.9", request(version="HTTP/9.9")),
            ("no version", b"GET /_ping\r\n\r\n"),
            ("no target", b"GET HTTP/1.1\r\n\r\n"),
            ("a target that is no path", request(target="_ping")),
            ("an asterisk", request("OPTIONS", "*")),
            ("a space in the target", request(target="/_ping x")),
            ("a control character in the target", request(target="/_ping\x01")),
            ("an unknown method", request("FOO", "/containers/json")),
            ("CONNECT", request("CONNECT", "d:80")),
            ("TRACE", request("TRACE", "/info")),
            ("a header without a colon", ping + b"nonsense\r\n\r\n"),
            ("a name with a space", ping + b"X Y: 1\r\n\r\n"),
            ("a space before the colon", ping + b"X : 1\r\n\r\n"),
            ("an empty name", ping + b": 1\r\n\r\n"),
            ("a NUL in a value", ping + b"X: a\0b\r\n\r\n"),
            ("too many headers", ping + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 500) for n in range(200)) + b"\r\n", 431),
            ("a header without end", ping + b"X: " + b"x" * 100_000, 431),
        ])

    def test_lengths_that_do_not_add_up(self):
        """Request smuggling (RFC 9112, section 6.3): two readings of where a request ends are refused."""
        post = b"POST /containers/create HTTP/1.1\r\nHost: d\r\n"
        inner = b"GET /containers/json?smuggled=1 HTTP/1.1\r\nHost: d\r\n\r\n"
        for name, data in (
                ("a length and chunks", post + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner),
                ("chunks and a length", post + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + inner),
                ("two lengths", post + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner),
                ("a list of lengths", post + b"Content-Length: 0, 5\r\n\r\n" + inner),
                ("a negative length", post + b"Content-Length: -1\r\n\r\n" + inner),
                ("a length with a sign", post + b"Content-Length: +5\r\n\r\nabcde" + inner),
                ("a length in hexadecimal", post + b"Content-Length: 0x5\r\n\r\nabcde" + inner),
                ("a length that is none", post + b"Content-Length: x\r\n\r\n" + inner),
                ("a length over 64 bits", post + b"Content-Length: 99999999999999999999999\r\n\r\n" + inner),
                ("a folded length", post + b"Content-Length:\r\n 5\r\n\r\nabcde" + inner),
                ("another coding", post + b"Transfer-Encoding: gzip\r\n\r\n" + inner),
                ("chunked not last", post + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + inner),
                ("chunked twice", post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner),
                ("a coding in disguise", post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner),
                ("a chunk of no size", post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n" + inner),
                ("a chunk of a negative size", post + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n" + inner),
                ("a chunk over 64 bits", post + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n" + inner),
                ("a chunk without its end", post + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n" + inner),
                ("a long extension", post + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 100_000 + b"\r\na\r\n0\r\n\r\n" + inner)):
            with self.subTest(name):
                got = self.raw(data, until_closed=True)
                self.assertLessEqual(got.count(b"HTTP/1."), 2, got)
                self.assertNotIn(b" 200 ", got, "what was hidden in a body was answered")
                self.assertRegex(got[:20].decode(), r"^HTTP/1\.[01] 4\d\d ")
        self.assertTrue(self.daemon.answers())

    def test_a_request_in_a_body_stays_a_body(self):
        inner = b"DELETE /containers/box HTTP/1.1\r\nHost: d\r\n\r\n"
        self.ok("create", "--name", "box", self.base, "true")
        got = self.raw(request("POST", "/containers/box/nothing", inner) + request(headers=["Connection: close"]), half_close=True)
        self.assertNotIn(b" 204 ", got)
        self.assertEqual(len(self.daemon.ids()), 1)

    def test_pipelined_requests_are_answered_in_order(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(self.daemon.socket)
            client.sendall(request(target="/_ping") + request(target="/containers/none/json") + request(target="/version")
                           + request(headers=["Connection: close"]))
            got = b""
            while part := client.recv(65536):
                got += part
        self.assertEqual([int(part.split(b" ")[1]) for part in got.split(b"HTTP/1.1")[1:]], [200, 404, 200, 200])

    def test_half_a_body(self):
        for data in (request("POST", "/containers/create", b"{", ["Content-Length: 1000"]),
                     b"POST /containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nabc",
                     b"PUT /containers/none/archive?path=/ HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nabc",
                     b"GET /_ping HTTP/1.1\r\nHo"):
            self.raw(data, half_close=True)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(self.daemon.socket)
                client.sendall(data)
        self.assertTrue(self.daemon.answers())
        self.assertEqual(self.daemon.ids(), set())

    def test_a_head_that_never_ends_is_cut_off(self):
        begun = time.monotonic()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(40)
            client.connect(self.daemon.socket)
            client.sendall(b"GET /_ping HTTP/1.1\r\n")
            client.setblocking(True)
            client.settimeout(1)
            while True:
                try:
                    client.sendall(b"X: y\r\n")
                    if client.recv(100) == b"":
                        break
                except (BrokenPipeError, ConnectionResetError):
                    break
                except socket.timeout:
                    self.assertLess(time.monotonic() - begun, 30, "a client may send a header for ever")

    def test_many_connections_that_say_nothing(self):
        idle = []
        for _ in range(500):
            client = socket.socket(socket.AF_UNIX)
            client.connect(self.daemon.socket)
            idle.append(client)
        self.assertTrue(self.daemon.answers())
        for client in idle:
            client.close()
