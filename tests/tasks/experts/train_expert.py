"""Run the smallest experts step in a home of its own; a test kills this process."""

import sys
from pathlib import Path

from tasks.experts.experts import experts
from tests.tasks.experts.expert_workshop import make_workshop


def main(home: Path) -> None:
    workshop = make_workshop(home)
    context = workshop.context("killed")
    print(context.open(experts(workshop.expert_step(), workshop.refs, context)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
