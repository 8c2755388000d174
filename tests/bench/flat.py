#!/usr/bin/env python3
"""Very many containers, one after another: what an engine has when it is at rest does not grow with what it has done.

  flat.py [--bin DIR] [--count 100000] [--rounds 20] [--in-flight 16] [--network none|host|bridge]

After each round it looks at the engine's processes (PSS, descriptors, threads), at the files below its root and run
folders, and at the host's cgroups and mounts. Exit status 1 when one is greater after the last round than after the third
by more than its allowance."""
import argparse
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import memory  # noqa: E402

SETTLED = 3  # rounds
# Of PSS in KB: what an allocator keeps of its fullest moment. Of files: logs of a database, made and removed.
ALLOWED = {"pss_kb": 4096, "descriptors": 4, "threads": 0, "files": 8, "cgroups": 0, "mounts": 0}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--network", default="none")
    return parser.parse_args()


def entries(folder):
    return sum(len(folders) + len(files) for _, folders, files in os.walk(folder))


def look(daemon):
    import host
    processes = memory.engine_processes(daemon)
    return {"pss_kb": memory.total(processes),
            "descriptors": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in processes),
            "threads": sum(len(os.listdir(f"/proc/{pid}/task")) for pid in processes),
            "files": entries(daemon.root) + entries(daemon.run_dir),
            "cgroups": len([one for one in host.cgroups_below(daemon.cgroup_parent[1:]) if "/idle-" not in one]),
            "mounts": host.read("/proc/self/mountinfo").count("\n")}


def churn(daemon, image, asked):
    """One round; the containers done and the failures by kind."""
    words = [f"{os.environ['GANTRY_BIN']}/gantry-load", "--host", f"unix://{daemon.socket}", "--image", image, "--count",
             asked.count // asked.rounds, "--in-flight", asked.in_flight, "--network", asked.network, "--no-watch",
             "--json", "-", "churn"]
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"gantry-load: {done.stderr[-500:]}")
    read = json.loads(done.stdout)
    return read["units"]["done"], read["failures"]


def main():
    asked = parse()
    os.environ["GANTRY_BIN"] = os.path.abspath(asked.bin)
    import harness
    session = harness.Session()
    looks, count, failures = [], 0, {}
    try:
        daemon = session.daemon().start()
        daemon.ok("pull", "-q", session.base)
        for number in range(asked.rounds):
            done, failures = churn(daemon, session.base, asked)
            count += done
            time.sleep(memory.at_rest)
            looks.append(look(daemon))
            print(f"{count} containers: " + ", ".join(f"{name} {value}" for name, value in looks[-1].items()), flush=True)
            if failures:
                break
    finally:
        left = session.close()
    grown = [name for name, most in ALLOWED.items() if looks[-1][name] - looks[min(SETTLED, len(looks)) - 1][name] > most]
    for what in ([f"failed: {failures}"] if failures else []) + [f"grew: {name}" for name in grown] + \
            [f"LEFT ON THE HOST: {name}" for name in left]:
        print(what)
    return 1 if failures or grown or left else 0


if __name__ == "__main__":
    sys.exit(main())
