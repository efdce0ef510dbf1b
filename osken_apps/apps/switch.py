"""The os-ken application for the bridges: who connects, which ports they have, and a loop per host. SHELL."""

import logging
from typing import Any

from os_ken.base.app_manager import OSKenApp
from os_ken.controller import ofp_event
from os_ken.controller.handler import DEAD_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib import hub
from os_ken.ofproto import ofproto_v1_4

from osken_apps.apps.connection import Connection, SwitchRefused
from osken_apps.apps.hosts import Hosts
from osken_apps.errors import OskenAppsError
from osken_apps.openflow import codec
from osken_apps.openflow.meter import decode_meter_features, meter_features_request

LOG = logging.getLogger(__name__)

NO_DESCRIPTION = ("", "None")  # what Open vSwitch answers when other_config:dp-desc is not set


class SwitchApp(OSKenApp):
    """Follows the bridges' connections and ports."""

    OFP_VERSIONS = (ofproto_v1_4.OFP_VERSION,)

    def __init__(self, hosts: Hosts, **_: Any) -> None:
        super().__init__()
        self._hosts = hosts

    @set_ev_cls(ofp_event.EventOFPStateChange, [MAIN_DISPATCHER, DEAD_DISPATCHER])
    def state_changed(self, event: Any) -> None:
        """Take a bridge that finished its handshake, or one that went."""
        connection = event.datapath
        if event.state == MAIN_DISPATCHER:
            hub.spawn(self._identify, connection)
        elif event.state == DEAD_DISPATCHER:
            self._hosts.disconnected(connection)

    @set_ev_cls(ofp_event.EventOFPPortStateChange, MAIN_DISPATCHER)
    def ports_changed(self, event: Any) -> None:
        """Have the host of a bridge whose ports changed looked at."""
        bridge = self._hosts.bridge_of(event.datapath)
        if bridge:
            bridge.ports_changed = True
            self._hosts.wake([bridge.host.name])

    def _identify(self, connection: Connection) -> None:
        try:
            description = codec.decode_dp_desc(connection.request(codec.desc_request)[0])
            connection.max_meters = _max_meters(connection)
        except OskenAppsError as error:
            LOG.warning("%s; disconnecting", error)
            connection.close()  # Open vSwitch dials again
            return
        self._hosts.connected(connection, None if description in NO_DESCRIPTION else description)


def _max_meters(connection: Connection) -> int:
    """Ask how many meters a switch can have; some datapaths know none. Raises SwitchError, Malformed."""
    try:
        return decode_meter_features(connection.request(meter_features_request)[0])
    except SwitchRefused as error:
        LOG.warning("%s; so the packets that it sends to the controller pass no meter", error)
        return 0
