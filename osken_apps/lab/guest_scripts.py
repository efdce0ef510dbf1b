"""The scripts inside a real VM, as text.

Owns what its init does and what it says on the console; whoever drives the VM waits for these words.
"""

from osken_apps.lab.client_scripts import APPLY, UDHCPC_BODY

READY = "osken-guest: ready"
LEASE_EVENT = "osken-guest: dhcp"
LEASE_FILE = "/run/lease"

OPTIONS = "-O staticroutes -O mtu -O domain -O hostname -O broadcast -O ntpsrv -O search -O lease"

INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s
export PATH=/sbin:/bin:/usr/sbin:/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts && mount -t devpts pts /dev/pts
while read -r module; do insmod "/modules/$module"; done </modules/order
hostname vm
ip link set lo up
ip link set eth0 up
case " $(cat /proc/cmdline) " in *" osken.dhcp=1 "*)
    env -i PATH="$PATH" udhcpc -f -i eth0 -s /lease -p /run/udhcpc.pid -t 5 -T 1 -A 1 {OPTIONS} \\
        >/run/udhcpc.log 2>&1 &
esac
echo "osken-guest: $(uname -sr), up after $(cut -d " " -f 1 /proc/uptime) s"
echo "{READY}"
while :; do setsid cttyhack sh /console; done
"""

#: A shell without line editing, whose lines may be long and hold anything; it outlives a syntax error by
#: being started again.
CONSOLE = """
while printf '%s# ' "$(hostname)"; do
    IFS= read -r line || exit
    eval "$line"
done
"""

LEASE = f"""#!/bin/sh
{APPLY}{UDHCPC_BODY}
case "$1" in bound|renew)
    for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
    [ -z "$hostname" ] || hostname "$hostname" ;;
esac
{{ echo "event=$1"; env; }} >{LEASE_FILE}
echo "{LEASE_EVENT} $1 $ip" >/dev/console
"""
