"""The reports: what the API tells of the whole. A new one gets a line here, and its rule in `rules.BASE`."""

from osken_apps.rest.reports.about import ABOUT
from osken_apps.rest.reports.changes import CHANGES
from osken_apps.rest.reports.dhcp_transactions import DHCP_TRANSACTIONS
from osken_apps.rest.reports.overview import OVERVIEW
from osken_apps.rest.reports.report import Report
from osken_apps.rest.reports.search import SEARCH
from osken_apps.rest.reports.topology import TOPOLOGY

REPORTS: tuple[Report, ...] = (OVERVIEW, CHANGES, SEARCH, TOPOLOGY, DHCP_TRANSACTIONS, ABOUT)
