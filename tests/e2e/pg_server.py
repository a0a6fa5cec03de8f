"""A private PostgreSQL on a Unix socket in a temporary folder, gone when the test ends."""
import glob
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile

# The reference schema (docs/main-database.md) as it stands on PostgreSQL.
REFERENCE = """
CREATE TYPE appointment_status AS ENUM ('scheduled', 'completed', 'cancelled', 'no_show', 'rescheduled');
CREATE TABLE customers (id serial PRIMARY KEY, name varchar(200), phone varchar(40) UNIQUE, email varchar(200) UNIQUE,
  is_new_client boolean, notes text, created_at timestamp, updated_at timestamp);
CREATE TABLE appointments (id serial PRIMARY KEY, customer_id int, appointment_datetime timestamp, service_type text,
  provider text, duration_minutes int, status appointment_status, booked_by text, cancellation_reason text,
  cancelled_at timestamp, created_at timestamp, updated_at timestamp);
CREATE TABLE conversations (id uuid PRIMARY KEY, customer_id int, channel text, status text, conversation_type text,
  campaign_id uuid, initiated_at timestamp, last_activity_at timestamp, completed_at timestamp, satisfaction_score int,
  sentiment text, outcome text, subject text, ai_summary text, metadata jsonb, created_at timestamp, updated_at timestamp);
CREATE TABLE communication_messages (id uuid PRIMARY KEY, conversation_id uuid, direction text, content text,
  sent_at timestamp, metadata jsonb);
CREATE TABLE appointment_requests (id uuid PRIMARY KEY, customer_id int, conversation_id uuid, channel text, status text,
  service_type text, created_at timestamp, updated_at timestamp);
CREATE INDEX ON customers (updated_at);
CREATE INDEX ON appointments (updated_at);
CREATE INDEX ON conversations (updated_at);
CREATE INDEX ON appointment_requests (updated_at);
CREATE INDEX ON appointments (customer_id);
CREATE INDEX ON conversations (customer_id);
"""
TABLES = ["customers", "appointments", "conversations", "communication_messages", "appointment_requests"]


def _bin(name):
    places = sorted(glob.glob("/usr/lib/postgresql/*/bin/" + name)) + ([shutil.which(name)] if shutil.which(name) else [])
    if not places:
        raise AssertionError(f"PostgreSQL's {name} is not installed (scripts/deps.sh test)")
    return places[-1] if "/usr/lib/" not in places[0] else [p for p in places if "/usr/lib/" in p][-1]


class Server:
    """As root it runs under another user: PostgreSQL refuses root."""

    def __init__(self, settings=()):
        self.dir = tempfile.mkdtemp(prefix="canvass-pg-")
        self.data = os.path.join(self.dir, "data")
        self.sock = os.path.join(self.dir, "s")
        os.mkdir(self.data)
        os.mkdir(self.sock)
        self.drop = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            for path in (self.dir, self.data, self.sock):
                os.chown(path, user.pw_uid, user.pw_gid)
            self.drop = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        os.chmod(self.data, 0o700)
        self._server("initdb", "-D", self.data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as f:
            f.write(f"listen_addresses = ''\nunix_socket_directories = '{self.sock}'\nfsync = off\n"
                    "max_prepared_transactions = 5\nautovacuum = off\n")
            f.writelines(s + "\n" for s in settings)
        self.start()

    def _server(self, name, *args):
        done = subprocess.run([*self.drop, _bin(name), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd="/", timeout=120)
        if done.returncode:
            raise AssertionError(f"{name}: {done.stdout}")

    def start(self):
        # the server's own output goes to a file: a pipe would stay open as long as it lives
        self._server("pg_ctl", "-D", self.data, "-l", os.path.join(self.sock, "log"), "-w", "-s", "start")

    def stop(self, mode="fast"):
        self._server("pg_ctl", "-D", self.data, "-m", mode, "-w", "-s", "stop")

    def url(self, database="clinic", user="admin"):
        return f"postgresql://{user}@/{database}?host={self.sock}"

    def popen(self, database="clinic", user="admin"):
        """A session of its own, for transactions that stay open."""
        return subprocess.Popen([_bin("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.sock, "-U", user,
                                 "-d", database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, bufsize=1)

    def sql(self, text, database="clinic", user="admin"):
        done = subprocess.run([_bin("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.sock, "-U", user,
                               "-d", database, "-f", "-"], input=text, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def load_reference(self, main_db, database="clinic"):
        """The reference schema, with what the SQLite file holds."""
        self.sql(f"CREATE DATABASE {database}", "postgres")
        self.sql(REFERENCE, database)
        db = sqlite3.connect(main_db)
        try:
            for table in TABLES:
                self._copy(db, table, database)
        finally:
            db.close()
        self.sql("ANALYZE", database)

    def _copy(self, db, table, database):
        columns = [r[1] for r in db.execute(f"PRAGMA table_info({table})")]
        psql = subprocess.Popen([_bin("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.sock, "-U", "admin", "-d",
                                 database, "-c", f"COPY {table} ({', '.join(columns)}) FROM STDIN"],
                                stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        escape = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
        # jsonb takes no malformed text; both hold no key
        picked = ["CASE WHEN json_valid(metadata) THEN metadata END" if c == "metadata" else c for c in columns]
        for row in db.execute(f"SELECT {', '.join(picked)} FROM {table}"):
            psql.stdin.write("\t".join("\\N" if v is None else str(v).translate(escape) for v in row) + "\n")
        psql.stdin.close()
        why = psql.stderr.read()
        psql.stderr.close()
        if psql.wait():
            raise AssertionError(why)

    def close(self):
        try:
            if os.path.exists(os.path.join(self.data, "postmaster.pid")):
                self.stop("immediate")
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
