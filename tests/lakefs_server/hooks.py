"""Actions of a repository: YAML below `_lakefs_actions/`, with hooks written in Lua.

As in lakeFS they are read from the commit that is merged, and see the merge as `action`.
"""

from collections.abc import Callable, Mapping

import lupa
import yaml

from tests.lakefs_server.history import Commit, Entry

FOLDER = "_lakefs_actions/"


def pre_merge(
    branch: str, made: Commit, tree: Mapping[str, Entry], read: Callable[[Entry], bytes]
) -> str | None:
    """Run the hooks of a merge; return why one refuses it, None when none does."""
    for path in sorted(path for path in tree if path.startswith(FOLDER)):
        # `on`, unquoted, is a truth value to YAML 1.1
        action = yaml.safe_load(read(tree[path]))
        events = action.get("on", action.get(True, {}))
        if branch not in (events.get("pre-merge") or {}).get("branches", []):
            continue
        for hook in action["hooks"]:
            lua = lupa.LuaRuntime()
            lua.globals().action = lua.table_from(
                {
                    "branch_id": branch,
                    "commit": {"message": made.message, "metadata": dict(made.metadata)},
                },
                recursive=True,
            )
            try:
                lua.execute(hook["properties"]["script"])
            except lupa.LuaError as error:
                return f"{hook['id']}: {str(error).splitlines()[0]}"
    return None
