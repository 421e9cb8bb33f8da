#!/usr/bin/env bash
# One Ceph node in memory with its S3 and STS gateway, on loopback: an S3 server that checks SigV4, odd keys and
# AssumeRole.
# Use: ceph-gateway.sh DIRECTORY MONITOR_PORT GATEWAY_PORT
# Runs in the foreground, prints "ready" when the gateway answers, and ends with all its daemons on SIGTERM or when the
# process that started it is gone. DIRECTORY is made and removed. Takes about 12 s to start and 1.2 GB of memory.
# Needs: apt-get install --no-install-recommends ceph-mon ceph-osd ceph-mgr radosgw ceph-common
set -euo pipefail
directory=$(realpath -m "${1:?directory}")
monitor_port=${2:?monitor port}
gateway_port=${3:?gateway port}
parent=$PPID

for program in ceph-mon ceph-osd ceph-mgr radosgw radosgw-admin ceph ceph-authtool monmaptool; do
    command -v "$program" >/dev/null || { echo "missing program: $program" >&2; exit 3; }
done

children=()
end() {
    trap - EXIT
    # The gateway first and the monitor last, each by its id, so that none waits for one that is gone.
    local id
    for ((i = ${#children[@]} - 1; i >= 0; i--)); do kill -TERM "${children[i]}" 2>/dev/null || true; done
    for _ in $(seq 20); do
        local alive=0
        for id in "${children[@]}"; do kill -0 "$id" 2>/dev/null && alive=1; done
        ((alive)) || break
        sleep 0.1
    done
    # Nothing of value is kept, so what still lingers need not finish.
    for id in "${children[@]}"; do kill -KILL "$id" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$directory"
    exit 0
}
trap end EXIT
trap end TERM INT HUP

mkdir -p "$directory"/{mon,osd,mgr}
fsid=$(cat /proc/sys/kernel/random/uuid)
export CEPH_CONF=$directory/ceph.conf
cat >"$CEPH_CONF" <<CONF
[global]
fsid = $fsid
mon initial members = a
mon host = [v2:127.0.0.1:$monitor_port]
public network = 127.0.0.1/32
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = $directory/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
osd memory target = 939524096
memstore device bytes = 4294967296
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
# The disk's fill level is nothing that a test should depend on.
mon data avail crit = 1
mon data avail warn = 2
run dir = $directory
log file = $directory/\$name.log
pid file = $directory/\$name.pid
admin socket = $directory/\$name.asok
mon data = $directory/mon
osd data = $directory/osd
mgr data = $directory/mgr
[client.rgw]
# Without tcp_nodelay every small answer takes 44 ms.
rgw frontends = beast endpoint=127.0.0.1:$gateway_port tcp_nodelay=1
rgw enable apis = s3,sts,iam,admin
rgw dns name = localhost
rgw s3 auth use sts = true
rgw sts key = abcdefghijklmnop
CONF

key() { ceph-authtool "$directory/keyring" --gen-key -n "$@" >/dev/null; }
ceph-authtool -C "$directory/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
for name in client.admin mgr.x osd.0 client.rgw; do
    key "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
done
monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor_port]" "$directory/monmap" >/dev/null
ceph-mon --mkfs -i a --monmap "$directory/monmap" --keyring "$directory/keyring"

ceph-mon -f -i a & children+=($!)
ceph-mgr -f -i x & children+=($!)
ceph osd create >/dev/null
ceph-osd -i 0 --mkfs >/dev/null 2>&1
ceph-osd -f -i 0 & children+=($!)
radosgw -f -n client.rgw & children+=($!)

for _ in $(seq 240); do
    for id in "${children[@]}"; do kill -0 "$id" 2>/dev/null || { echo "a daemon ended early" >&2; exit 4; }; done
    if curl -sf -o /dev/null "http://127.0.0.1:$gateway_port/"; then
        echo ready
        break
    fi
    sleep 0.25
done
# SIGTERM interrupts the wait, so that the end need not wait for the sleep.
while kill -0 "$parent" 2>/dev/null; do
    sleep 0.5 &
    wait $! || true
done
