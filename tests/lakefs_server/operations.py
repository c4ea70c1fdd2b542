"""The operations of the description, each a method under its name, on a remembered state."""

import json
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.lakefs_server.history import Entry, History, Refused
from tests.lakefs_server.hooks import pre_merge
from tests.lakefs_server.storage import Storage, etag, ranged

PAGE = 3  # names of a page at most, so that every listing has several
META = "x-lakefs-meta-"


class Operations:
    """Repositories by name, and the storage that holds their bytes."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._repositories: dict[str, tuple[History, dict[str, Any]]] = {}

    def history(self, repository: str) -> History:
        if repository not in self._repositories:
            raise Refused(404, "repository not found")
        return self._repositories[repository][0]

    def get_config(self, request: Request) -> Response:
        storage = {
            "blockstore_type": "local",
            "blockstore_namespace_example": "local://example/",
            "blockstore_namespace_ValidityRegex": "^local://",
            "pre_sign_support": self.storage.signs,
            "pre_sign_support_ui": False,
            "import_support": False,
            "import_validity_regex": "^local://",
        }
        return answer(200, {"storage_config": {**storage, "blockstore_id": ""}})

    def create_repository(self, request: Request) -> Response:
        asked = request.get_json()
        if asked["name"] in self._repositories:
            raise Refused(409, "repository: not unique")
        shown = {
            "id": asked["name"],
            "creation_date": 0,
            "default_branch": asked.get("default_branch", "main"),
            "storage_namespace": asked["storage_namespace"],
        }
        self._repositories[asked["name"]] = (History(shown["default_branch"]), shown)
        return answer(201, shown)

    def get_repository(self, request: Request, repository: str) -> Response:
        self.history(repository)
        return answer(200, self._repositories[repository][1])

    def delete_repository(self, request: Request, repository: str) -> Response:
        self.history(repository)
        del self._repositories[repository]
        return Response(status=204)

    def list_branches(self, request: Request, repository: str) -> Response:
        heads = {name: b.commit for name, b in self.history(repository).branches.items()}
        return page(request, {n: {"id": n, "commit_id": c} for n, c in heads.items()})

    def create_branch(self, request: Request, repository: str) -> Response:
        asked = request.get_json()
        commit = self.history(repository).create_branch(asked["name"], asked["source"])
        return Response(commit, 201, content_type="text/html")

    def get_branch(self, request: Request, repository: str, branch: str) -> Response:
        commit = self.history(repository).branch(branch).commit
        return answer(200, {"id": branch, "commit_id": commit})

    def delete_branch(self, request: Request, repository: str, branch: str) -> Response:
        self.history(repository).delete_branch(branch)
        return Response(status=204)

    def list_tags(self, request: Request, repository: str) -> Response:
        tags = self.history(repository).tags
        return page(request, {n: {"id": n, "commit_id": c} for n, c in tags.items()})

    def create_tag(self, request: Request, repository: str) -> Response:
        asked = request.get_json()
        commit = self.history(repository).create_tag(asked["id"], asked["ref"])
        return answer(201, {"id": asked["id"], "commit_id": commit})

    def commit(self, request: Request, repository: str, branch: str) -> Response:
        made = self.history(repository).commit(branch, request.get_json())
        shown = {"id": made.id, "parents": list(made.parents), "message": made.message}
        rest = {"committer": "tests", "creation_date": 0, "meta_range_id": made.id}
        return answer(201, shown | rest | {"metadata": dict(made.metadata)})

    def merge_into_branch(
        self, request: Request, repository: str, source_ref: str, destination_branch: str
    ) -> Response:
        hook = partial(pre_merge, read=lambda entry: self.storage.objects[entry.address])
        history, asked = self.history(repository), request.get_json()
        made = history.merge(source_ref, destination_branch, asked, hook)
        return answer(200, {"reference": made})

    def get_object(self, request: Request, repository: str, ref: str) -> Response:
        entry = self.history(repository).entry(ref, request.args["path"])
        if request.args.get("presign", "").lower() == "true":
            return Response(
                status=302, headers={"Location": self.storage.sign("GET", entry.address)}
            )
        if entry.address not in self.storage.objects:
            raise Refused(410, "No data")
        response = ranged(self.storage.objects[entry.address], request)
        if response.status_code == 416:
            refused = failure(416, "Requested Range Not Satisfiable")
            refused.headers["Content-Range"] = response.headers["Content-Range"]
            return refused
        return response

    def stat_object(self, request: Request, repository: str, ref: str) -> Response:
        path = request.args["path"]
        return answer(200, stats(path, self.history(repository).entry(ref, path)))

    def list_objects(self, request: Request, repository: str, ref: str) -> Response:
        tree = self.history(repository).tree(ref)
        return page(request, {path: stats(path, entry) for path, entry in tree.items()})

    def upload_object(self, request: Request, repository: str, branch: str) -> Response:
        content = request.get_data()
        metadata = {
            name.lower().removeprefix(META): value
            for name, value in request.headers.items()
            if name.lower().startswith(META)
        }
        entry = Entry(self.storage.add(content), etag(content), len(content), metadata)
        return self._put(repository, branch, request.args["path"], entry, 201)

    def copy_object(self, request: Request, repository: str, branch: str) -> Response:
        asked = request.get_json()
        source = self.history(repository).entry(asked.get("src_ref") or branch, asked["src_path"])
        if source.address not in self.storage.objects:
            raise Refused(410, "No data")
        address = self.storage.add(self.storage.objects[source.address])
        entry = Entry(address, source.checksum, source.size, source.metadata)
        return self._put(repository, branch, request.args["dest_path"], entry, 201)

    def delete_objects(self, request: Request, repository: str, branch: str) -> Response:
        put = self.history(repository).branch(branch).put
        put |= dict.fromkeys(request.get_json()["paths"])
        return answer(200, {"errors": []})

    def get_physical_address(self, request: Request, repository: str, branch: str) -> Response:
        self.history(repository).branch(branch)
        address = self.storage.address()
        signed = {"presigned_url": self.storage.sign("PUT", address), "presigned_url_expiry": 0}
        return answer(200, {"physical_address": address, **signed})

    def link_physical_address(self, request: Request, repository: str, branch: str) -> Response:
        asked = request.get_json()
        address = asked["staging"]["physical_address"]
        if address not in self.storage.objects:
            raise Refused(400, "link address invalid")
        metadata = asked.get("user_metadata") or {}
        entry = Entry(address, asked["checksum"], asked["size_bytes"], metadata)
        return self._put(repository, branch, request.args["path"], entry, 200)

    def _put(self, repository: str, branch: str, path: str, entry: Entry, status: int) -> Response:
        self.history(repository).branch(branch).put[path] = entry
        return answer(status, stats(path, entry))


def answer(status: int, content: Any) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")


def failure(status: int, message: str) -> Response:
    return answer(status, {"message": message})


def stats(path: str, entry: Entry) -> dict[str, Any]:
    return {
        "path": path,
        "path_type": "object",
        "physical_address": entry.address,
        "checksum": entry.checksum,
        "size_bytes": entry.size,
        "mtime": entry.mtime,
        "metadata": dict(entry.metadata),
        "content_type": "application/octet-stream",
    }


def page(request: Request, items: dict[str, Any]) -> Response:
    """Answer with the names after `after` that begin with `prefix`, in order, a page of them."""
    prefix, after = request.args.get("prefix", ""), request.args.get("after", "")
    names = sorted(name for name in items if name.startswith(prefix) and name > after)
    shown = names[:PAGE]
    more = len(names) > PAGE
    pagination = {
        "has_more": more,
        "next_offset": shown[-1] if more else "",
        "results": len(shown),
        "max_per_page": PAGE,
    }
    return answer(200, {"pagination": pagination, "results": [items[name] for name in shown]})
