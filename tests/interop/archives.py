"""Archives between SpecStar 0.12.3 for Python and this framework, in both directions.

What one exports the other imports, and every resource, revision and file has to be the same afterwards, through
both and back. The reference has to be installed; the other side is the server of the conformance cases:

    pip install specstar==0.12.3 fastapi httpx python-multipart
    cargo build --example conformance
    python tests/interop/archives.py target/debug/examples/conformance
"""

import datetime as dt
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

from enum import Enum
from typing import Annotated

from fastapi import FastAPI
from fastapi.testclient import TestClient
from msgspec import Struct, field
from specstar import Schema, SpecStar
from specstar.resource_manager.basic import Encoding
from specstar.types import Binary, OnDelete, Ref, Unique


class Level(Enum):
    low = "low"
    mid = "mid"
    high = "high"


class Address(Struct):
    street: str
    city: str
    zip: str | None = None


class Item(Struct):
    name: str
    group: str = ""
    qty: int = 0
    price: float = 0.0
    active: bool = True
    level: Level = Level.low
    note: str | None = None
    tags: list[str] = []
    addr: Address | None = None
    due: dt.datetime | None = None
    attrs: dict[str, int] = {}
    hidden: str = ""


class Account(Struct):
    email: Annotated[str, Unique()]
    name: str = ""
    handle: Annotated[str | None, Unique()] = None


class Owner(Struct):
    name: str


class Pet(Struct):
    name: str
    owner_id: Annotated[str, Ref("owner", on_delete=OnDelete.cascade)]


class Document(Struct):
    title: str
    file: Binary | None = None
    extra: list[Binary] = field(default_factory=list)


INDEXED = ["name", "group", "qty", "price", "active", "level", "note", "tags", "addr.city"]


def reference(encoding):
    app = FastAPI()
    star = SpecStar(encoding=encoding)
    star.add_model(Schema(Item, "v1"), name="item", indexed_fields=INDEXED)
    star.add_model(Account, name="account", indexed_fields=["name"])
    star.add_model(Owner, name="owner", indexed_fields=["name"])
    star.add_model(Pet, name="pet")
    star.add_model(Document, name="document", indexed_fields=["title"])
    star.apply(app)
    return TestClient(app, raise_server_exceptions=False)


class Other:
    """The other server, spoken to as the test client of the reference is."""

    def __init__(self, binary):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        self.base = f"http://127.0.0.1:{port}"
        database = f"sqlite:{self.folder.name}/app.db"
        env = {**os.environ, "SPECSTAR_ADDR": f"127.0.0.1:{port}", "SPECSTAR_DATABASE_URL": database}
        self.process = subprocess.Popen([binary], env=env)
        for _ in range(200):
            try:
                self.get("/openapi.json")
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server does not start")

    def ask(self, method, path, body=None, content_type=None):
        headers = {"Content-Type": content_type} if content_type else {}
        request = urllib.request.Request(self.base + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())

    def get(self, path):
        return self.ask("GET", path)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Answer:
    def __init__(self, status_code, content):
        self.status_code, self.content = status_code, content

    def json(self):
        return json.loads(self.content)


def ok(answer):
    assert answer.status_code == 200, (answer.status_code, answer.content[:500])
    return answer


def fill(client, with_documents):
    """Histories of every kind, made on the reference."""

    def post(path, body):
        return ok(client.post(path, json=body)).json()["resource_id"]

    paths = []
    item = post("/item", {"name": "hammer", "qty": 3, "price": 1.5, "tags": ["a", "b"], "attrs": {"z": 1, "a": 2},
                          "addr": {"street": "s", "city": "Bern"}, "due": "2024-05-01T12:00:00.25Z", "note": "é\u2028\""})
    paths.append(f"/item/{item}")
    ok(client.put(f"/item/{item}", json={"name": "saw", "level": "high", "price": 2.0}))
    ok(client.put(f"/item/{item}", json={"name": "axe", "active": False}))
    ok(client.post(f"/item/{item}/switch/1"))
    ok(client.put(f"/item/{item}", json={"name": "branch", "qty": -7}))
    gone = post("/item", {"name": "gone"})
    ok(client.delete(f"/item/{gone}"))
    paths.append(f"/item/{gone}")
    for number in range(30):
        paths.append("/account/" + post("/account", {"email": f"e{number}@x", "handle": None if number % 2 else f"h{number}"}))
    owner = post("/owner", {"name": "ann"})
    paths += [f"/owner/{owner}", "/pet/" + post("/pet", {"name": "rex", "owner_id": owner})]
    if with_documents:
        files = []
        for name, data, media in [("a", b"hello", "text/plain"), ("b", bytes(range(256)) * 20_000, "image/png")]:
            files.append(ok(client.post("/blobs/upload", files={"file": (name, data, media)})).json())
        paths.append("/document/" + post("/document", {"title": "two files", "file": {"file_id": files[0]["file_id"]},
                                                       "extra": [{"file_id": files[1]["file_id"]}]}))
        ok(client.put(paths[-1], json={"title": "none left"}))
    return paths


def state(client, path, with_hashes):
    """Everything of a resource, and the bytes of its files."""
    query = "include_deleted=true"
    whole = ok(client.get(f"{path}?{query}")).json()
    revisions = ok(client.get(f"{path}/revision-list?{query}&limit=1000")).json()["revisions"]
    data = {}
    files = {}
    if not whole["meta"].get("is_deleted"):
        for revision in revisions:
            content = ok(client.get(f"{path}/data?revision_id={revision['revision_id']}")).json()
            data[revision["revision_id"]] = content
            for file in [content.get("file"), *content.get("extra", [])] if path.startswith("/document") else []:
                if file:
                    files[file["file_id"]] = ok(client.get(f"/blobs/{file['file_id']}")).content
    found = {"whole": whole, "revisions": revisions, "data": data, "files": files}
    return found if with_hashes else without_hashes(found)


def without_hashes(value):
    if isinstance(value, dict):
        return {key: without_hashes(part) for key, part in value.items() if key != "data_hash"}
    if isinstance(value, list):
        return [without_hashes(part) for part in value]
    return value


def differences(left, right, at=""):
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            yield from differences(left.get(key, "(absent)"), right.get(key, "(absent)"), f"{at}.{key}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, pair in enumerate(zip(left, right)):
            yield from differences(*pair, f"{at}[{index}]")
    elif left != right:
        yield f"{at}: {str(left)[:80]} became {str(right)[:80]}"


def run(binary, encoding):
    other = Other(binary)
    try:
        with_documents = b'"/document"' in ok(other.get("/openapi.json")).content
        source = reference(encoding)
        paths = fill(source, with_documents)
        models = sorted({path.split("/")[1] for path in paths})
        query = "&".join(f"models={model}" for model in models)
        archive = ok(source.get(f"/_backup/export?{query}")).content
        octets = "application/octet-stream"
        report = ok(other.ask("POST", "/_backup/import?on_duplicate=raise_error", archive, octets)).json()
        back = ok(other.get(f"/_backup/export?{query}")).content
        target = reference(Encoding.json)
        ok(target.post("/_backup/import?on_duplicate=raise_error", files={"file": ("x", back)}))
        failed = 0
        for path in paths:
            before = state(source, path, True)
            for name, client in [("there", other), ("and back", target)]:
                for difference in differences(before, state(client, path, True)):
                    failed += 1
                    print(f"{encoding.value}, {name}: {path}{difference}")
        print(f"{encoding.value}: {len(paths)} resources, {len(archive)} bytes there, {len(back)} back, {report}")
        if encoding is Encoding.json and archive != back:
            print("the archives differ in bytes")
        return failed
    finally:
        other.stop()


if __name__ == "__main__":
    failures = sum(run(sys.argv[1], encoding) for encoding in (Encoding.json, Encoding.msgpack))
    sys.exit(f"{failures} differences" if failures else 0)
