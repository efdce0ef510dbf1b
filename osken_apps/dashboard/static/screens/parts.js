// What a page of one resource has besides its attributes, by kind.

import { PortDhcp } from "./dhcp.js";
import { HostFlows, HostInterfaces, HostState, PortFlows } from "./host.js";
import { PortExplained } from "./path.js";
import { PortState } from "./port.js";

export const PARTS = {
  port: [PortState, PortExplained, PortDhcp, PortFlows],
  agent: [HostState, HostInterfaces, HostFlows],
};
