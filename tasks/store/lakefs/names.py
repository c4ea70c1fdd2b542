"""The store's names as lakeFS takes them: branches of letters, digits, '_' and '-' alone.

    runs/a_1.b  <->  runs__a_u1_db        '_' and what follows stands for '/', '_' or '.'

What lakeFS holds beside them has names that this writing never gives: nobody's branch is
`_index` or `_work-...`, and the tags `tag.<name>` and `version.<sha256>` have a dot.
"""

import re

from tasks.store.protocol import check_name

WRITTEN = {"_": "_u", "/": "__", ".": "_d"}
READ = {written: char for char, written in WRITTEN.items()}


def to_lakefs(name: str) -> str:
    """Return the lakeFS branch of a branch. Raises StoreError for what is no name."""
    return "".join(WRITTEN.get(char, char) for char in check_name(name))


def from_lakefs(branch: str) -> str | None:
    """Return the branch that a lakeFS branch stands for; None for one that is not the store's."""
    if not re.fullmatch(r"([A-Za-z0-9-]|_[u_d])+", branch):
        return None
    return re.sub(r"_.", lambda found: READ[found[0]], branch)
