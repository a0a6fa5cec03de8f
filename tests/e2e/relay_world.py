"""A relay in a temporary folder, and a client that says exactly what a test wants said."""
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

from world import BIN, ENV, ROOT

PUBLIC = "https://relay.example.com"
TOKEN = "console-secret"
AUTH_TOKEN = "twilio-secret"
BEARER = {"Authorization": "Bearer " + TOKEN}


def sign(url, body, token=AUTH_TOKEN):
    """X-Twilio-Signature of a form: the URL, then names and values in the order of the names."""
    pairs = sorted(set(urllib.parse.parse_qsl(body, keep_blank_values=True)))
    text = url + "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Connection:
    """A socket. source: the loopback address to come from."""

    def __init__(self, port, source="127.0.0.1", tls=None, timeout=30):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="relay.example.com")
        self.rest = b""

    def say(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def answer(self):
        """The next answer, or None when the connection ends without one."""
        try:
            while b"\r\n\r\n" not in self.rest:
                more = self.sock.recv(65536)
                if not more:
                    return None
                self.rest += more
            head, self.rest = self.rest.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            while len(self.rest) < length:
                more = self.sock.recv(65536)
                if not more:
                    return None
                self.rest += more
        except (ConnectionError, BrokenPipeError):
            return None
        body, self.rest = self.rest[:length], self.rest[length:]
        return Answer(int(lines[0].split()[1]), headers, body.decode())

    def ended(self, timeout):
        """Seconds until the other side hung up; None when it has not in that time. What it said is in rest."""
        start = time.monotonic()
        self.sock.settimeout(timeout)
        try:
            while True:
                more = self.sock.recv(65536)
                self.rest += more
                if not more:
                    break
        except ConnectionError:
            pass
        except TimeoutError:
            return None
        return time.monotonic() - start

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(method, target, headers=None, body=None):
    lines = [f"{method} {target} HTTP/1.1", "Host: relay.example.com"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    data = body.encode() if isinstance(body, str) else body
    if data is not None:
        lines.append(f"Content-Length: {len(data)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (data or b"")


def hook(body, target="/hooks/twilio/sms", token=AUTH_TOKEN, headers=None):
    """The bytes of a signed webhook."""
    return request("POST", target, {"Content-Type": "application/x-www-form-urlencoded",
                                    "X-Twilio-Signature": sign(PUBLIC + target, body, token), **(headers or {})}, body)


class Relay:
    def __init__(self, settings="", start=True):
        self.dir = tempfile.mkdtemp(prefix="canvass-relay-test-")
        self.process, self.port = None, 0
        for name, secret in (("token", TOKEN), ("twilio", AUTH_TOKEN)):
            path = os.path.join(self.dir, name)
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as f:
                f.write(secret + "\n")
        with open(os.path.join(self.dir, "relay.yaml"), "w", encoding="utf-8") as f:
            f.write(f"public_url: \"{PUBLIC}\"\ntoken_file: token\ntwilio: {{auth_token_file: twilio}}\n{settings}\n")
        if start:
            self.start()

    def start(self):
        port_file = os.path.join(self.dir, "port")
        if os.path.exists(port_file):
            os.unlink(port_file)
        # Little memory is held back by the sanitizer, so that what the process takes can be judged.
        env = {**ENV, "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", ""), "ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "canvass-relay"), "--config", os.path.join(self.dir, "relay.yaml"), "--listen",
                 f"127.0.0.1:{self.port}", "--port-file", port_file], env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=ROOT)
        end = time.monotonic() + 20
        while not os.path.exists(port_file):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("canvass-relay did not start: " + self.log())
            time.sleep(0.01)
        with open(port_file, encoding="utf-8") as f:
            self.port = int(f.read())

    def log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8") as f:
            return f.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, data, **how):
        with Connection(self.port, **how) as c:
            c.say(data)
            return c.answer()

    def get(self, target, headers=None, **how):
        return self.ask(request("GET", target, headers), **how)

    def events(self):
        """Everything that is kept, in order."""
        out, cursor, more = [], "", True
        while more:
            page = self.get(f"/v1/events?limit=500&after={cursor}", BEARER).json()
            out += page["events"]
            cursor, more = page["next"], page["more"]
        return out

    def metrics(self):
        """{name or name{labels}: value}; every line must be of the format."""
        answer = self.get("/metrics")
        assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        out, types = {}, {}
        for line in answer.body.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in types, line
                types[name] = kind
            elif not line.startswith("# HELP "):
                found = re.fullmatch(r"canvass_relay_([a-z_]+)(\{[a-z]+=\"[^\"]*\"(?:,[a-z]+=\"[^\"]*\")*\})? (-?[0-9.]+)", line)
                assert found, line
                name = "canvass_relay_" + found[1]
                assert name in types or re.sub("_(bucket|sum|count)$", "", name) in types, line
                assert found[1] + (found[2] or "") not in out, line
                out[found[1] + (found[2] or "")] = float(found[3])
        return out

    def memory_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(self.log())
        code = None
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(20)
        self.close()
        if not kind:
            assert code in (None, 0), f"canvass-relay ended with {code}"
