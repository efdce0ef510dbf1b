// What a page of one resource has besides its attributes, by kind.

import { PortDhcp } from "./dhcp.js";
import { HostFlows, HostInterfaces, HostState } from "./host.js";
import { PortState } from "./port.js";

export const PARTS = {
  port: [PortState, PortDhcp],
  agent: [HostState, HostInterfaces, HostFlows],
};
