"""The scripts that DHCP clients call, as text.

Owns what a lease does to an interface: address, routes (RFC 3442: the router counts only when there are no
classless static routes), MTU. They write to the directory in $OSKEN_DHCP_DIR and nowhere else; in particular
never to /etc/resolv.conf.
"""

#: Needs $interface, $cidr (address/width or address/mask), $mtu, $routes ("DEST GATEWAY ..."), $router.
APPLY = """
add_route() {
    if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"
    else ip route replace "$1" via "$2" dev "$interface"; fi
}
apply() {
    [ -z "$mtu" ] || ip link set dev "$interface" mtu "$mtu"
    if ! ip -4 -o addr show dev "$interface" | grep -q " $cidr "; then
        ip -4 addr flush dev "$interface"
        ip addr add "$cidr" broadcast "${broadcast:-+}" dev "$interface"
    fi
    if [ -n "$routes" ]; then
        set -- $routes
        while [ $# -ge 2 ]; do add_route "$1" "$2"; shift 2; done
    elif [ -n "$router" ]; then add_route 0.0.0.0/0 "${router%% *}"; fi
}
clear() { ip -4 addr flush dev "$interface"; ip link set dev "$interface" up; }
"""

#: A record is the event and the environment, NUL-separated, in a file that appears whole.
RECORD = """
record() {
    stamp=$(date +%s%N)
    { printf 'event=%s\\0' "$1"; env -0; } >"$OSKEN_DHCP_DIR/.$stamp"
    mv "$OSKEN_DHCP_DIR/.$stamp" "$OSKEN_DHCP_DIR/$stamp.event"
}
resolver() {
    for server in $1; do echo "nameserver $server"; done >"$OSKEN_DHCP_DIR/resolv.conf"
    [ -z "$2" ] || echo "search $2" >>"$OSKEN_DHCP_DIR/resolv.conf"
}
"""

#: busybox's udhcpc: the event is $1, the lease is in variables named by option.
UDHCPC_BODY = """
cidr="$ip/$mask" routes="$staticroutes"
case "$1" in
    deconfig) clear ;;
    bound|renew) apply ;;
esac
"""

UDHCPC = f"""#!/bin/sh
{APPLY}{RECORD}{UDHCPC_BODY}
case "$1" in bound|renew) resolver "$dns" "$domain" ;; esac
record "$1"
"""

#: dhclient-script(8): the event is $reason, the lease is in variables named new_*.
DHCLIENT = f"""#!/bin/sh
{APPLY}{RECORD}
classless() {{
    while [ $# -ge 5 ]; do
        width=$1 destination= octet=0
        shift
        while [ $octet -lt 4 ]; do
            if [ $octet -lt $(( (width + 7) / 8 )) ]; then destination="$destination.$1"; shift
            else destination="$destination.0"; fi
            octet=$((octet + 1))
        done
        routes="$routes ${{destination#.}}/$width $1.$2.$3.$4"
        shift 4
    done
}}
width() {{
    bits=0
    for part in $(echo "$1" | tr . ' '); do
        while [ "$part" -gt 0 ]; do bits=$((bits + part % 2)) part=$((part / 2)); done
    done
    echo $bits
}}
case "$reason" in
    PREINIT) ip link set dev "$interface" up ;;
    BOUND|RENEW|REBIND|REBOOT)
        cidr="$new_ip_address/$(width "$new_subnet_mask")" mtu=$new_interface_mtu router=$new_routers routes=
        broadcast=$new_broadcast_address
        classless $new_rfc3442_classless_static_routes
        apply
        resolver "$new_domain_name_servers" "$new_domain_name" ;;
    EXPIRE|FAIL|RELEASE|STOP) clear ;;
esac
record "$reason"
exit 0
"""

DHCLIENT_CONF = """option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;
request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, host-name, interface-mtu,
    rfc3442-classless-static-routes, ntp-servers, domain-search;
initial-interval 1;
backoff-cutoff 2;
select-timeout 0;
retry 2;
timeout 15;
"""
