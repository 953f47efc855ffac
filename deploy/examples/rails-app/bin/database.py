"""Migrations of the demo shop: files in db/migrate, applied in order, each in its own transaction."""
import os
import sqlite3
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "db", "migrate")


def connect():
    path = os.path.join(os.environ["DATABASES"], os.environ["SLIPWAY_ENVIRONMENT"] + ".sqlite3")
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    connection.execute("CREATE TABLE IF NOT EXISTS schema_migrations (version TEXT PRIMARY KEY, applied_at TEXT)")
    return connection


def pending(connection):
    done = {row[0] for row in connection.execute("SELECT version FROM schema_migrations")}
    return [name for name in sorted(os.listdir(FOLDER)) if name.split("_")[0] not in done]


def migrate(connection):
    for name in pending(connection):
        with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
            text = f.read()
        connection.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, text.split(";")):
            connection.execute(statement)
        connection.execute("INSERT INTO schema_migrations VALUES (?, datetime('now'))", (name.split("_")[0],))
        connection.execute("COMMIT")
        print(f"migrated {name}", flush=True)


if __name__ == "__main__":
    db = connect()
    if sys.argv[1] == "pending":
        names = pending(db)
        print(f"{len(names)} pending: {', '.join(names) or 'none'}")
        sys.exit(0 if names else 3)
    migrate(db)
