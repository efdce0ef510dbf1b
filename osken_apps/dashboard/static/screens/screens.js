// The screens in the order in which they are offered. One without `make` is a list of resources.

import { may, offers } from "../core/world.js";
import { AboutScreen } from "./about.js";
import { DhcpScreen } from "./dhcp.js";
import { OverviewScreen } from "./overview.js";
import { EXPLAIN, PathScreen } from "./path.js";
import { TopologyScreen } from "./topology.js";

export const SCREENS = [
  { name: "overview", title: "Overview", make: () => new OverviewScreen() },
  { name: "topology", title: "Topology", make: (app) => new TopologyScreen(app) },
  { name: "networks", title: "Networks" },
  { name: "subnets", title: "Subnets" },
  { name: "ports", title: "Ports" },
  { name: "security-groups", title: "Security groups" },
  { name: "address-groups", title: "Address groups", isShown: () => offers("address-group") },
  { name: "hosts", title: "Hosts", isShown: () => may("get_agent") },
  { name: "dhcp", title: "DHCP", make: (app) => new DhcpScreen(app), isShown: () => offers("osken-dhcp-transactions") && may("get_dhcp_transactions") },
  { name: "path", title: "Path", make: (app) => new PathScreen(app), isShown: () => offers(EXPLAIN) },
  { name: "about", title: "About", make: (app) => new AboutScreen(app) },
];
