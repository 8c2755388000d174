#!/usr/bin/env python3
"""Containers per second through Gantry, and by runc alone on the same bundle, in the same run: both, and the ratio.

  create_rate.py [--bin DIR] [--count 500] [--in-flight 16] [--rounds 3] [--least RATIO]

A container is created, started, runs `true`, is waited for and removed. The rounds take turns, so that what else the
machine does meets both; the figures are medians. With --least, a lower ratio is exit status 1."""
import argparse
import json
import os
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--least", type=float, default=0)
    return parser.parse_args()


def bare_bundle(daemon, folder, image, network="none", root=""):
    """(template, lowerdir): config.json as Gantry makes it, with @ID@ and @ROOTFS@ to fill in, and the image's layers as
    overlay names them. With `root`, for a runtime that is run in that root folder: `folder` and what is returned are
    paths in it, and the layers are copied there."""
    spec = json.loads(daemon.ok("spec", "--network", network, image, "/bin/true"))
    spec["root"]["path"] = "@ROOTFS@"
    spec["linux"]["cgroupsPath"] = daemon.cgroup_parent + "/@ID@"
    spec.pop("hooks", None)
    for mount in spec["mounts"]:
        if mount.get("type") == "bind" and not os.path.exists(root + mount["source"]):  # hosts, hostname, resolv.conf
            mount["source"] = f"{folder}/{os.path.basename(mount['source'])}"
            open(root + mount["source"], "w").close()
    with open(f"{root}{folder}/template.json", "w") as file:
        json.dump(spec, file)
    layers = sorted((name for name in os.listdir(f"{daemon.root}/layers") if name.isdigit()), reverse=True)
    if not root:
        return f"{folder}/template.json", ":".join(f"{daemon.root}/layers/{name}" for name in layers)
    for name in layers:
        subprocess.run(["cp", "-a", f"{daemon.root}/layers/{name}", f"{root}{folder}/layer-{name}"], check=True)
    return f"{folder}/template.json", ":".join(f"{folder}/layer-{name}" for name in layers)


def rate(*command):
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    said = json.loads(run.stdout)
    if said["failed"]:
        sys.exit(f"create_rate: {said['failed']} of {said['count']} failed: {' '.join(command[:2])}")
    return said["count"] / said["seconds"]


def main():
    asked = parse()
    os.environ["GANTRY_BIN"] = os.path.abspath(asked.bin)
    import harness
    session = harness.Session()
    try:
        daemon = session.daemon("--runtime", "runc").start()
        daemon.ok("pull", "-q", session.base)
        work = f"{session.folder}/bare"
        os.makedirs(work)
        template, lower = bare_bundle(daemon, work, session.base)
        client, count, flight = f"{asked.bin}/bench_create_rate", str(asked.count), str(asked.in_flight)
        ours, bare = [], []
        for _ in range(asked.rounds):
            bare.append(rate(client, "bare", "runc", template, lower, work, count, flight))
            ours.append(rate(client, "gantry", daemon.socket, session.base, count, flight))
            print(f"  runc {bare[-1]:.1f}/s, gantry {ours[-1]:.1f}/s", flush=True)
    finally:
        left = session.close()
    for line in left:
        print(f"LEFT ON THE HOST: {line}")
    ratio = statistics.median(ours) / statistics.median(bare)
    print(f"{asked.count} containers, {asked.in_flight} in flight, median of {asked.rounds}: gantry {statistics.median(ours):.1f}/s, "
          f"runc alone {statistics.median(bare):.1f}/s, ratio {ratio:.2f}")
    return 1 if left or ratio < asked.least else 0


if __name__ == "__main__":
    sys.exit(main())
