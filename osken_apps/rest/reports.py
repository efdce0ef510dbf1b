"""The reports: what the API tells of the whole. A new one gets a line here, and its rule in `rules.BASE`."""

from osken_apps.rest.about import ABOUT
from osken_apps.rest.changes import CHANGES
from osken_apps.rest.dhcp_transactions import DHCP_TRANSACTIONS
from osken_apps.rest.overview import OVERVIEW
from osken_apps.rest.report import Report
from osken_apps.rest.search import SEARCH
from osken_apps.rest.topology import TOPOLOGY

REPORTS: tuple[Report, ...] = (OVERVIEW, CHANGES, SEARCH, TOPOLOGY, DHCP_TRANSACTIONS, ABOUT)
