"""The relay behind nginx, set up as docs/relay.md tells: TLS, X-Forwarded-For, large bodies, the relay down."""
import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import world
from relay_world import AUTH_TOKEN, BEARER, PUBLIC, Connection, Relay, hook, request, sign

SETTINGS = "trusted_proxies: [\"127.0.0.1\"]\nlimits: {failures_per_minute: 3}"
VECTORS = os.path.join(world.ROOT, "tests/fixture/vectors/twilio_payloads.json")


def free_ports(count):
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in socks:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in socks]


class Nginx:
    """An ordinary process in a temporary folder. port: the documented server; open_port: passes everything on."""

    def __init__(self, relay_port):
        self.dir = tempfile.mkdtemp(prefix="canvass-nginx-test-")
        self.process = None
        try:
            self.port, self.open_port = free_ports(2)
            self.certificate()
            with open(os.path.join(self.dir, "nginx.conf"), "w", encoding="utf-8") as f:
                f.write(self.config(relay_port))
            self.start()
        except BaseException:
            self.close()
            raise

    def certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=relay.example.com", "-addext", "subjectAltName=DNS:relay.example.com",
                        "-keyout", os.path.join(self.dir, "key.pem"), "-out", os.path.join(self.dir, "cert.pem")],
                       check=True, capture_output=True)
        self.tls = ssl.create_default_context(cafile=os.path.join(self.dir, "cert.pem"))

    def config(self, relay_port):
        with open(os.path.join(world.ROOT, "docs/relay.md"), encoding="utf-8") as f:
            server = re.search(r"```nginx\n(.*?)```", f.read(), re.S)[1]
        for old, new in ((r"listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
                         (r"hooks\.example\.com;", "relay.example.com;"),
                         (r"/etc/letsencrypt/\S*fullchain\.pem", f"{self.dir}/cert.pem"),
                         (r"/etc/letsencrypt/\S*privkey\.pem", f"{self.dir}/key.pem"),
                         (r"http://127\.0\.0\.1:8090", f"http://127.0.0.1:{relay_port}")):
            server, count = re.subn(old, new, server)
            assert count, f"docs/relay.md has no {old}"
        paths = "".join(f"{name}_temp_path {self.dir}/{name};\n"
                        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        return (f"{user}daemon off;\nworker_processes 1;\npid {self.dir}/pid;\nerror_log {self.dir}/error.log;\n"
                f"events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n{paths}{server}\n"
                f"server {{ listen 127.0.0.1:{self.open_port}; client_max_body_size 10m;\n"
                f"location / {{ proxy_pass http://127.0.0.1:{relay_port};\n"
                f"proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }}\n}}\n")

    def start(self):
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([nginx, "-p", self.dir, "-e", os.path.join(self.dir, "error.log"), "-c",
                                         os.path.join(self.dir, "nginx.conf")], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
                return
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("nginx did not start: " + self.process.stderr.read().decode())
            time.sleep(0.02)

    def ask(self, data, source="127.0.0.1"):
        with Connection(self.port, source, self.tls) as c:
            c.say(data)
            return c.answer()

    def ask_open(self, data, source="127.0.0.1"):
        with Connection(self.open_port, source) as c:
            c.say(data)
            return c.answer()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            with contextlib.suppress(OSError), open(os.path.join(self.dir, "error.log"), encoding="utf-8") as f:
                print(f.read())
        self.close()


def payloads():
    """[(target, body)] as Twilio's library makes them. They are signed for other paths than ours: signed again, by a
    signer that is first held against theirs."""
    with open(VECTORS, encoding="utf-8") as f:
        doc = json.load(f)
    events = doc["inbound"] + [e for s in doc["status_sequences"] for e in s["events"]]
    out = []
    for e in events:
        assert sign(doc["public_base"] + e["path"], e["raw_body"], doc["auth_token"]) == e["headers"]["X-Twilio-Signature"]
        out.append(("/hooks" + e["path"], e["raw_body"], e["headers"]))
    assert len(out) > 20
    return out


def post_of(target, body, headers, token=AUTH_TOKEN):
    return request("POST", target, {**headers, "X-Twilio-Signature": sign(PUBLIC + target, body, token)}, body)


def webhooks_pass_with_their_signatures():
    with Relay(SETTINGS) as relay, Nginx(relay.port) as nginx:
        sent = payloads()
        for target, body, headers in sent:
            answer = nginx.ask(post_of(target, body, headers))
            assert answer.status == 200 and answer.body == "<Response/>", (answer.status, answer.body)
        kept = relay.events()
        assert [(e["url"], e["body"]) for e in kept] == [(PUBLIC + t, b) for t, b, _ in sent]
        # An invented Host or proto changes nothing: only public_url counts.
        target, body, headers = sent[0]
        for extra in ({"X-Forwarded-Host": "evil.example.com"}, {"X-Forwarded-Proto": "http"}):
            assert nginx.ask(post_of(target, body, {**headers, **extra})).status == 200
        # The console's side, through the proxy.
        page = json.loads(nginx.ask(request("GET", "/v1/events?limit=2&wait=5", BEARER)).body)
        assert len(page["events"]) == 2 and page["more"]
        assert nginx.ask(request("GET", "/v1/health")).status == 200
        assert nginx.ask(request("GET", "/elsewhere")).status == 404


def sources_are_the_clients_of_nginx():
    with Relay(SETTINGS) as relay, Nginx(relay.port) as nginx:
        forged = hook("MessageSid=SM1", token="another")
        assert [nginx.ask(forged, "127.0.0.2").status for _ in range(4)] == [403, 403, 403, 429]
        lied = hook("MessageSid=SM1", token="another", headers={"X-Forwarded-For": "198.51.100.7"})
        assert nginx.ask(lied, "127.0.0.2").status == 429
        assert nginx.ask(forged, "127.0.0.3").status == 403
        assert nginx.ask(hook("MessageSid=SM2"), "127.0.0.2").status == 200
        assert [e["body"] for e in relay.events()] == ["MessageSid=SM2"]


def metrics_stay_inside():
    with Relay(SETTINGS) as relay, Nginx(relay.port) as nginx:
        assert relay.get("/metrics").status == 200
        assert nginx.ask(request("GET", "/metrics", BEARER)).status == 404  # as documented
        assert nginx.ask_open(request("GET", "/metrics")).status == 401  # a proxy that passes on everything
        assert nginx.ask_open(request("GET", "/metrics", BEARER)).status == 200


def large_bodies_are_refused():
    with Relay(SETTINGS) as relay, Nginx(relay.port) as nginx:
        for size in (70000, 5 * 1024 * 1024):
            big = hook("Body=" + "x" * size)
            with Connection(nginx.port, tls=nginx.tls) as c, contextlib.suppress(ConnectionError, ssl.SSLError):
                c.say(big)
                answer = c.answer()
                assert answer is None or answer.status == 413, answer.status
        answer = nginx.ask_open(hook("Body=" + "x" * 70000))  # past nginx: the relay's own
        assert answer.status == 413 and "too large" in answer.body
        fits = hook("Body=" + "x" * 60000)
        assert nginx.ask(fits).status == 200
        assert [len(e["body"]) for e in relay.events()] == [60005]


def a_relay_that_is_down_is_502_and_loses_nothing():
    with Relay(SETTINGS) as relay, Nginx(relay.port) as nginx:
        kept, other, stop = [], [], threading.Event()

        def keep_posting(number):
            i = 0
            while not stop.is_set():
                body = f"MessageSid=SM{number}x{i}&Body=hello"
                i += 1
                with contextlib.suppress(OSError):
                    answer = nginx.ask(hook(body))
                    if answer and answer.status == 200:
                        kept.append(body)
                    elif answer:
                        other.append(answer.status)
                        time.sleep(0.01)

        threads = [threading.Thread(target=keep_posting, args=(n,)) for n in range(4)]
        for t in threads:
            t.start()
        try:
            for _ in range(4):
                goal = len(kept) + 10
                wait_until(lambda: len(kept) >= goal, "webhooks are taken")
                relay.kill()
                goal = len(other) + 2
                wait_until(lambda: len(other) >= goal, "nginx says that the relay is away")
                assert nginx.ask(hook("MessageSid=SMdown")).status == 502
                relay.start()
        finally:
            stop.set()
            for t in threads:
                t.join()
        assert set(other) == {502}, set(other)
        assert nginx.ask(hook("MessageSid=SMlast")).status == 200
        there = {e["body"] for e in relay.events()}
        assert set(kept) <= there and "MessageSid=SMlast" in there, set(kept) - there
        assert "MessageSid=SMdown" not in there


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "never: " + what
        time.sleep(0.01)


if __name__ == "__main__":
    world.main([webhooks_pass_with_their_signatures, sources_are_the_clients_of_nginx, metrics_stay_inside,
                large_bodies_are_refused, a_relay_that_is_down_is_502_and_loses_nothing])
