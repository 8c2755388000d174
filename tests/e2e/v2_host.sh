#!/bin/sh
# Runs a command where cgroups v2 are all there is, as on most hosts of today, with the controllers that this host does not
# use by v1: v2_host.sh COMMAND...
set -e
unified=$(awk '/ - cgroup2 /{print $5; exit}' /proc/self/mountinfo)
[ -n "$unified" ] || { echo "this host has no cgroups v2" >&2; exit 77; }
root=$unified/gantry-v2-$$
mkdir "$root" "$root/self" # whoever makes cgroups must not be in the root of them
trap 'rmdir "$root"/* "$root" 2>/dev/null || :' EXIT
sh -c 'echo $$ > "$1"/cgroup.procs; shift; exec "$@"' sh "$root" unshare --mount --cgroup --propagation private sh -ec '
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  echo $$ > /sys/fs/cgroup/self/cgroup.procs
  exec "$@"' sh "$@"
