"""The server as a program: python -m schema_sensei.practice.bytebase HOME [OPTIONS]."""

import argparse
import sys
from pathlib import Path

from .launching import serve
from .office import furnish, read
from .seeding import Seed, seed
from .service import Service
from .world import Pace, Review, World


def main(arguments: list[str]) -> None:
    """Serve until nobody uses it any more."""
    parser = argparse.ArgumentParser(prog="practice bytebase")
    parser.add_argument("home", type=Path)
    parser.add_argument("--environments", default="test,prod", help="in rollout order")
    parser.add_argument("--approval", default="", help="environments whose changes a reviewer must approve")
    parser.add_argument("--review-after", type=float, help="seconds until the reviewer approves by himself")
    parser.add_argument("--instant", type=float, default=Pace().queued, help="seconds that a queue takes")
    parser.add_argument("--abandoned-after", type=float, default=Pace().abandoned)
    given = parser.parse_args(arguments)

    def start(port: int) -> Service:
        pace = Pace(queued=given.instant, scheduled=given.instant, abandoned=given.abandoned_after)
        office = read(given.home)
        review = Review(office.review_after if office else given.review_after)
        world = World(given.home / "state.sqlite", pace=pace, review=review)
        if office:
            furnish(world, office)
        else:
            approval = tuple(name for name in given.approval.split(",") if name)
            seed(world, Seed(tuple(given.environments.split(",")), approval))
        service = Service(world, port)
        service.start()
        return service

    serve(given.home, start)


if __name__ == "__main__":
    main(sys.argv[1:])
