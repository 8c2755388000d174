#!/usr/bin/env python3
"""What a running container costs on the engine's side: PSS of all of the engine's processes, minus idle.

  memory.py [--bin DIR] [--count 200] [--most KB] [--network none|bridge]

The engine's processes: gantryd, its monitors and their zygotes, not the containers' own. With --most, a higher figure is
exit status 1."""
import argparse
import concurrent.futures
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))


at_rest = 8  # seconds: an engine that has had nothing to do for five gives back what only work needed


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--network", default="none")
    parser.add_argument("--most", type=float, default=0)
    return parser.parse_args()


def engine_processes(daemon):
    """{pid: (name, PSS in KB)} of gantryd and of its descendants that are in no container's cgroup."""
    import host
    parents, groups = {}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        status, pid = host.read(f"/proc/{name}/status"), int(name)
        parent = re.search(r"^PPid:\s+(\d+)", status, re.M)
        if parent:
            parents[pid], groups[pid] = int(parent[1]), host.read(f"/proc/{name}/cgroup")
    roots = {daemon.process.pid, *daemon.monitors()}

    def ours(pid):
        while pid in parents:
            if pid in roots:
                return True
            pid = parents[pid]
        return False
    found = {}
    for pid in parents:
        if ours(pid) and daemon.cgroup_parent + "/" not in groups[pid]:
            pss = re.search(r"^Pss:\s+(\d+)", host.read(f"/proc/{pid}/smaps_rollup"), re.M)
            if pss:
                found[pid] = (host.read(f"/proc/{pid}/comm").strip(), int(pss[1]))
    return found


def total(processes):
    return sum(pss for _, pss in processes.values())


def by_name(processes):
    names = {}
    for name, pss in processes.values():
        names[name] = names.get(name, 0) + pss
    return ", ".join(f"{name} {pss} KB" for name, pss in sorted(names.items()))


def main():
    asked = parse()
    os.environ["GANTRY_BIN"] = os.path.abspath(asked.bin)
    import harness
    session = harness.Session()
    try:
        daemon = session.daemon().start()
        daemon.ok("pull", "-q", session.base)
        daemon.ok("run", "--rm", "--network", asked.network, session.base, "true")  # what is made once is made
        time.sleep(at_rest)
        idle = engine_processes(daemon)
        body = {"Image": session.base, "Cmd": ["sleep", "100000"], "HostConfig": {"NetworkMode": asked.network}}

        def start(_):
            status, said = daemon.api("POST", "/containers/create", body, timeout=300)
            if status != 201 or daemon.api("POST", f"/containers/{said['Id']}/start", timeout=300)[0] != 204:
                raise RuntimeError(f"a container did not start: {status} {said}")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(start, range(asked.count)))
        time.sleep(at_rest)
        busy = engine_processes(daemon)
        running = len(daemon.ok("ps", "-q").split())
    finally:
        left = session.close()
    for line in left:
        print(f"LEFT ON THE HOST: {line}")
    each = (total(busy) - total(idle)) / asked.count
    print(f"idle: {total(idle)} KB ({by_name(idle)})\n{running} running: {total(busy)} KB ({by_name(busy)})")
    print(f"{each:.1f} KB of PSS a running container")
    return 1 if left or running != asked.count or (asked.most and each > asked.most) else 0


if __name__ == "__main__":
    sys.exit(main())
