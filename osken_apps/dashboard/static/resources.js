// What the dashboard knows of each kind of resource: its columns, filters and fields. Lists, pages of one, forms
// and deletion follow from it. What hangs on one (`below`) is found `by` filters of its own kind: all of it is a list, too.
// What the owner of its network may do to one of others says `byNetworkOwner`.

import { get, query } from "./core/api.js";
import { html, nothing } from "./core/html.js";
import { to } from "./core/location.js";
import { nameOf } from "./core/names.js";
import { may, mayMakeIn } from "./core/world.js";
import { MOST_CHOICES } from "./view/form.js";
import { link, PATHS, state, time, yes } from "./view/words.js";

const MOST_SHOWN = 5; // of several values in a cell

const named = (kind) => ({ name: "name", label: "Name", sort: true, cell: (row) => link(PATHS[kind], row.id, row.name, row.id) });
const status = (choices) => ({ name: "status", label: "Status", sort: true, cell: (row) => state(row.status), choices });
const changed = { name: "updated_at", label: "Changed", sort: true, cell: (row) => time(row.updated_at) };
const of = (kind, name, label) => ({
  name, label, cell: (row) => (row[name] ? link(PATHS[kind], row[name], nameOf(kind, row[name])) : "–"),
});
const addresses = (port) => port.fixed_ips.map(({ ip_address }) => html`<span class="address">${ip_address}</span> `);
const list = (items) => (items?.length ? items.join(", ") : "–");

const someOf = (items) => (items.length > MOST_SHOWN ? `${list(items.slice(0, MOST_SHOWN))} and ${items.length - MOST_SHOWN} more` : list(items));

const BY_NAME = { name: "name", label: "Name is" };
const NAME = { name: "name", label: "Name", kind: "text" };
const DESCRIPTION = { name: "description", label: "Description", kind: "text" };
const UP = { name: "admin_state_up", label: "Switched on", kind: "boolean", initial: true };

/** Show a field only to whom the policy lets set it. */
const allowed = (singular, name) => (action) => may(`${action}_${singular}:${name}`);

const choicesOf = (path, plural, { fields = ["id", "name"], fits = () => true } = {}) => async () => {
  const told = (await get(`${path}?${query({ limit: MOST_CHOICES, fields, sort_key: "name", sort_dir: "asc" })}`))[plural];
  return { choices: told.filter(fits).map(({ id, name }) => ({ value: id, label: name || id })), hasMore: told.length >= MOST_CHOICES };
};

/** Give the networks in which something may be made. */
const networksFor = (singular, isMadeInShared = false) => choicesOf("networks", "networks", {
  fields: ["id", "name", "project_id", "shared"], fits: (network) => mayMakeIn(network, singular, isMadeInShared),
});

export const NETWORKS = {
  path: "networks", order: "name", singular: "network", plural: "networks", title: "Networks", one: "network",
  columns: [
    named("network"),
    status(["ACTIVE", "DOWN"]),
    { name: "subnets", label: "Subnets", cell: (row) => list(row.subnets.map((id) => nameOf("subnet", id) || id.slice(0, 8))) },
    { name: "provider:network_type", label: "Type", cell: (row) => row["provider:network_type"] ?? "–" },
    { name: "provider:segmentation_id", label: "Segment", numeric: true, cell: (row) => row["provider:segmentation_id"] ?? "–" },
    { name: "mtu", label: "MTU", numeric: true },
    { name: "shared", label: "Shared", sort: true, cell: (row) => yes(row.shared) },
    changed,
  ],
  filters: [BY_NAME, { name: "status", label: "Status", choices: ["ACTIVE", "DOWN"] }, { name: "shared", label: "Shared", choices: ["true", "false"] }],
  fields: [
    NAME, DESCRIPTION, UP,
    { name: "shared", label: "Shared with all projects", kind: "boolean", initial: false, allowed: allowed("network", "shared") },
    { name: "port_security_enabled", label: "Ports are guarded", kind: "boolean", initial: true },
    { name: "mtu", label: "MTU", kind: "number", hint: "Empty: what the physical network carries." },
    { name: "provider:network_type", label: "Type", kind: "choice", choices: ["vlan", "flat", "vxlan", "gre", "geneve"], change: false, allowed: allowed("network", "provider:network_type"), hint: "Empty: the first type that has a free id." },
    { name: "provider:physical_network", label: "Physical network", kind: "text", change: false, allowed: allowed("network", "provider:physical_network") },
    { name: "provider:segmentation_id", label: "Segmentation id", kind: "number", change: false, allowed: allowed("network", "provider:segmentation_id") },
  ],
  further: [
    { name: "description", label: "Description" },
    { name: "provider:physical_network", label: "Physical network" },
    { name: "port_security_enabled", label: "Ports are guarded", cell: (row) => yes(row.port_security_enabled) },
    { name: "project_id", label: "Project" },
  ],
  ways: (network) => [["Picture", to(["topology"], { network_id: network.id })]],
  errors: { VlanIdInUse: "provider:segmentation_id", TunnelIdInUse: "provider:segmentation_id", FlatNetworkInUse: "provider:physical_network", InvalidSharedSetting: "shared" },
  below: [
    { of: "subnets", by: (network) => ({ network_id: network.id }) },
    { of: "ports", by: (network) => ({ network_id: network.id }) },
  ],
};

// Whatever is on a line is sent, so that the API refuses what is too much.
const POOL = { read: (line) => { const [start, ...end] = line.split("-").map((part) => part.trim()); return { start, end: end.join("-") || start }; }, show: ({ start, end }) => `${start}-${end}` };
const ROUTE = { read: (line) => { const [destination, ...nexthop] = line.split(/\s+via\s+|\s+/); return { destination, nexthop: nexthop.join(" ") }; }, show: ({ destination, nexthop }) => `${destination} via ${nexthop}` };

export const SUBNETS = {
  path: "subnets", order: "name", singular: "subnet", plural: "subnets", title: "Subnets", one: "subnet", byNetworkOwner: ["update", "delete"],
  columns: [
    named("subnet"),
    { name: "cidr", label: "Addresses", sort: true },
    of("network", "network_id", "Network"),
    { name: "gateway_ip", label: "Gateway", cell: (row) => row.gateway_ip ?? "–" },
    { name: "enable_dhcp", label: "DHCP", sort: true, cell: (row) => yes(row.enable_dhcp) },
    { name: "dns_nameservers", label: "DNS servers", cell: (row) => list(row.dns_nameservers) },
    changed,
  ],
  filters: [BY_NAME, { name: "cidr", label: "Addresses are" }, { name: "network_id", label: "Network id" }],
  fields: [
    { name: "network_id", label: "Network", kind: "choice", of: "network", required: true, change: false, choices: networksFor("subnet") },
    NAME, DESCRIPTION,
    { name: "cidr", label: "Addresses", kind: "text", required: true, change: false, hint: "Like 192.0.2.0/24." },
    { name: "gateway_ip", label: "Gateway", kind: "text", empty: null, hint: "Empty: the first address; of a subnet that is there, none." },
    { name: "enable_dhcp", label: "DHCP", kind: "boolean", initial: true },
    { name: "allocation_pools", label: "Pools", kind: "lines", ...POOL, hint: "Like 192.0.2.10-192.0.2.99, one a line." },
    { name: "dns_nameservers", label: "DNS servers", kind: "lines", hint: "An address a line." },
    { name: "host_routes", label: "Routes", kind: "lines", ...ROUTE, hint: "Like 198.51.100.0/24 via 192.0.2.2, one a line." },
  ],
  further: [
    { name: "allocation_pools", label: "Pools", cell: (row) => list(row.allocation_pools.map(POOL.show)) },
    { name: "host_routes", label: "Routes", cell: (row) => list(row.host_routes.map(ROUTE.show)) },
    { name: "description", label: "Description" },
    { name: "project_id", label: "Project" },
  ],
  complete: (body, resource) => (resource || !body.cidr ? body : { ...body, ip_version: body.cidr.includes(":") ? 6 : 4 }),
  errors: { InvalidAllocationPool: "allocation_pools", OutOfBoundsAllocationPool: "allocation_pools", OverlappingAllocationPools: "allocation_pools", GatewayConflictWithAllocationPools: "gateway_ip", GatewayIpInUse: "gateway_ip" },
  below: [{ of: "ports", by: (subnet) => ({ fixed_ips: `subnet_id=${subnet.id}` }) }],
};

const FIXED_IP = { read: (line) => ({ ip_address: line }), show: ({ ip_address }) => ip_address };
const PAIR = { read: (line) => { const [ip_address, ...mac] = line.split(/\s+/); return mac.length ? { ip_address, mac_address: mac.join(" ") } : { ip_address }; }, show: ({ ip_address, mac_address }) => `${ip_address} ${mac_address ?? ""}`.trim() };

export const PORTS = {
  path: "ports", order: "name", singular: "port", plural: "ports", title: "Ports", one: "port", isMadeInShared: true, byNetworkOwner: ["delete"],
  columns: [
    named("port"),
    status(["ACTIVE", "DOWN"]),
    { name: "fixed_ips", label: "Addresses", cell: addresses },
    { name: "mac_address", label: "MAC", sort: true, cell: (row) => html`<span class="address">${row.mac_address}</span>` },
    of("network", "network_id", "Network"),
    { name: "binding:host_id", label: "Host", cell: (row) => row["binding:host_id"] || "–" },
    { name: "device_owner", label: "Owner", sort: true, cell: (row) => row.device_owner || "–" },
    changed,
  ],
  filters: [
    BY_NAME,
    { name: "status", label: "Status", choices: ["ACTIVE", "DOWN"] },
    { name: "network_id", label: "Network id" },
    { name: "binding:host_id", label: "Host" },
    { name: "mac_address", label: "MAC" },
    { name: "device_id", label: "Device" },
    { name: "security_groups", label: "Security group id" },
    { name: "fixed_ips", label: "Address or subnet", hint: "ip_address=… or subnet_id=…" },
  ],
  fields: [
    { name: "network_id", label: "Network", kind: "choice", of: "network", required: true, change: false, choices: networksFor("port", true) },
    NAME, DESCRIPTION, UP,
    { name: "fixed_ips", label: "Addresses", kind: "lines", ...FIXED_IP, hint: "One a line. Empty: the next free ones.", allowed: allowed("port", "fixed_ips") },
    { name: "mac_address", label: "MAC address", kind: "text", hint: "Empty: a new one. That of a port that is plugged in somewhere stays.", allowed: allowed("port", "mac_address") },
    { name: "security_groups", label: "Security groups", kind: "several", of: "security_group", choices: choicesOf("security-groups", "security_groups") },
    { name: "port_security_enabled", label: "Guarded", kind: "boolean", initial: true, allowed: allowed("port", "port_security_enabled") },
    { name: "allowed_address_pairs", label: "Further addresses", kind: "lines", ...PAIR, allowed: allowed("port", "allowed_address_pairs"), hint: "An address or range a line, perhaps with a MAC address." },
    { name: "binding:host_id", label: "Wanted on host", kind: "text", allowed: allowed("port", "binding:host_id") },
  ],
  errors: { MacAddressInUse: "mac_address", PortBound: "mac_address", IpAddressAlreadyAllocated: "fixed_ips", IpAddressInUse: "fixed_ips", InvalidIpForNetwork: "fixed_ips", InvalidIpForSubnet: "fixed_ips", IpAddressGenerationFailure: "network_id", DuplicateAddressPairInRequest: "allowed_address_pairs" },
  below: [],
};

const ends = (rule) => (rule.port_range_min == null ? "any"
  : rule.port_range_min === rule.port_range_max ? String(rule.port_range_min) : `${rule.port_range_min}–${rule.port_range_max ?? "any"}`);

export const RULES = {
  path: "security-group-rules", order: "direction", singular: "security_group_rule", plural: "security_group_rules", title: "Rules", one: "rule",
  columns: [
    { name: "direction", label: "Direction", sort: true },
    { name: "ethertype", label: "Family", sort: true },
    { name: "protocol", label: "Protocol", sort: true, cell: (row) => row.protocol ?? "any" },
    { name: "ports", label: "Ports, or ICMP type and code", cell: ends },
    { name: "remote", label: "Remote", cell: (row) => row.remote_ip_prefix
      ?? (row.remote_group_id ? link("security-groups", row.remote_group_id, nameOf("security_group", row.remote_group_id))
        : row.remote_address_group_id ? link("address-groups", row.remote_address_group_id, nameOf("address_group", row.remote_address_group_id)) : "anybody") },
    { name: "description", label: "Description" },
  ],
  filters: [
    { name: "direction", label: "Direction", choices: ["ingress", "egress"] },
    { name: "protocol", label: "Protocol" },
    { name: "security_group_id", label: "Security group id" },
    { name: "remote_address_group_id", label: "Address group id" },
  ],
  fields: [
    { name: "direction", label: "Direction", kind: "choice", required: true, choices: ["ingress", "egress"], change: false },
    { name: "ethertype", label: "Family", kind: "choice", required: true, initial: "IPv4", choices: ["IPv4", "IPv6"], change: false },
    { name: "protocol", label: "Protocol", kind: "text", change: false, hint: "Like tcp, udp, icmp or a number. Empty: any." },
    { name: "port_range_min", label: "First port, or ICMP type", kind: "number", change: false },
    { name: "port_range_max", label: "Last port, or ICMP code", kind: "number", change: false },
    { name: "remote_ip_prefix", label: "Remote addresses", kind: "text", change: false, hint: "Like 192.0.2.0/24. Empty, without a group either: anybody." },
    { name: "remote_group_id", label: "Remote group", kind: "choice", of: "security_group", choices: choicesOf("security-groups", "security_groups"), change: false },
    { name: "remote_address_group_id", label: "Remote address group", kind: "choice", of: "address_group", choices: choicesOf("address-groups", "address_groups"), change: false },
    DESCRIPTION,
  ],
  errors: { SecurityGroupInvalidPortRange: "port_range_max", SecurityGroupInvalidProtocol: "protocol", SecurityGroupMissingIcmpType: "port_range_min", InvalidCIDR: "remote_ip_prefix" },
  nameOf: (rule) => `${rule.direction} ${rule.protocol ?? "any"} ${ends(rule)}`,
  below: [],
};

export const SECURITY_GROUPS = {
  path: "security-groups", order: "name", singular: "security_group", plural: "security_groups", title: "Security groups", one: "security group",
  columns: [
    named("security_group"),
    { name: "description", label: "Description" },
    { name: "rules", label: "Rules", numeric: true, cell: (row) => row.security_group_rules?.length ?? "–" },
    { name: "stateful", label: "Stateful", cell: (row) => yes(row.stateful) },
    { name: "project_id", label: "Project", sort: true },
    changed,
  ],
  filters: [BY_NAME],
  fields: [NAME, DESCRIPTION, { name: "stateful", label: "Stateful", kind: "boolean", initial: true, hint: "Who may speak may be answered." }],
  errors: { SecurityGroupDefaultAlreadyExists: "name" },
  below: [
    { of: "security-group-rules", by: (group) => ({ security_group_id: group.id }) },
    { of: "ports", by: (group) => ({ security_groups: group.id }) },
  ],
};

export const ADDRESS_GROUPS = {
  path: "address-groups", order: "name", singular: "address_group", plural: "address_groups", title: "Address groups", one: "address group",
  columns: [
    named("address_group"),
    { name: "addresses", label: "Addresses", cell: (row) => someOf(row.addresses) },
    { name: "description", label: "Description" },
    { name: "project_id", label: "Project", sort: true },
    changed,
  ],
  filters: [BY_NAME],
  fields: [
    NAME, DESCRIPTION,
    { name: "addresses", label: "Addresses", kind: "lines", actions: { add: "add_addresses", remove: "remove_addresses" }, hint: "Like 192.0.2.0/24, one a line. Rules of security groups name them together." },
  ],
  further: [{ name: "addresses", label: "Addresses", cell: (row) => list(row.addresses) }],
  errors: { AddressesAlreadyExist: "addresses", AddressesNotFound: "addresses" },
  below: [{ of: "security-group-rules", by: (group) => ({ remote_address_group_id: group.id }), isMadeHere: false }],
};

const agentState = (agent) => (agent.alive
  ? agent.configurations.trouble || agent.configurations.conditions?.length ? "trouble" : "alive"
  : "gone");

export const HOSTS = {
  path: "agents", screen: "hosts", order: "host", singular: "agent", plural: "agents", title: "Hosts", one: "host",
  columns: [
    { name: "host", label: "Host", sort: true, cell: (row) => link("hosts", row.id, row.host, row.id) },
    { name: "alive", label: "State", sort: true, cell: (row) => state(agentState(row)) },
    { name: "devices", label: "Ports", numeric: true, cell: (row) => html`<a href=${to(["ports"], { "binding:host_id": row.host })}>${row.configurations.devices}</a>` },
    { name: "bridges", label: "Bridges", cell: (row) => list(row.configurations.bridges) },
    { name: "trouble", label: "Trouble", cell: (row) => row.configurations.trouble || row.configurations.conditions?.[0]?.sentence || nothing },
    { name: "heartbeat_timestamp", label: "Heard of", sort: true, cell: (row) => time(row.heartbeat_timestamp) },
  ],
  filters: [{ name: "host", label: "Host is" }, { name: "alive", label: "Alive", choices: ["true", "false"] }],
  fields: [],
  nameOf: (agent) => agent.host,
  ways: ({ host }) => [["Ports", to(["ports"], { "binding:host_id": host })], ["Picture", to(["topology"], { host })]],
  canBeDeleted: (agent) => !agent.alive,
  below: [],
};

export const RESOURCES = [NETWORKS, SUBNETS, PORTS, SECURITY_GROUPS, ADDRESS_GROUPS, RULES, HOSTS];

/** Give the declaration of what a path of the API, or of a screen, is of. */
export const resourceAt = (path) => RESOURCES.find((one) => (one.screen ?? one.path) === path || one.path === path);
export const ofKind = (kind) => RESOURCES.find((one) => one.singular === kind);
export const titleOf = (declaration, row) => declaration.nameOf?.(row) || row.name || row.id;
