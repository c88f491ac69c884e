"""Good manners: whose leave is asked, whose word counts, and how fast a host is asked."""

from pixelprose.ingester.manners.admission import Manners, file_errand
from pixelprose.ingester.manners.files import TDMREP_JSON, robots_txt
from pixelprose.ingester.manners.meters import MannersMeters, manners_meters
from pixelprose.ingester.manners.origin_files import OriginFiles
from pixelprose.ingester.manners.pace import Share
from pixelprose.ingester.manners.policy import ConsentPolicy, load_policy
from pixelprose.ingester.manners.settings import MannersSettings
from pixelprose.ingester.manners.turns import DomainTurns

__all__ = [
    "TDMREP_JSON",
    "ConsentPolicy",
    "DomainTurns",
    "Manners",
    "MannersMeters",
    "MannersSettings",
    "OriginFiles",
    "Share",
    "file_errand",
    "load_policy",
    "manners_meters",
    "robots_txt",
]
