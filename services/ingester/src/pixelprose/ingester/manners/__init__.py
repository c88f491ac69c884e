"""Good manners: whose leave is asked, whose word counts, and how fast a host is asked."""

from pixelprose.ingester.manners.admission import Manners, robots_errand
from pixelprose.ingester.manners.meters import MannersMeters, manners_meters
from pixelprose.ingester.manners.pace import Share
from pixelprose.ingester.manners.policy import ConsentPolicy, load_policy
from pixelprose.ingester.manners.robots_files import RobotsFiles
from pixelprose.ingester.manners.settings import MannersSettings
from pixelprose.ingester.manners.turns import DomainTurns

__all__ = [
    "ConsentPolicy",
    "DomainTurns",
    "Manners",
    "MannersMeters",
    "MannersSettings",
    "RobotsFiles",
    "Share",
    "load_policy",
    "manners_meters",
    "robots_errand",
]
