#!/usr/bin/env python3
"""A node's worth of pods over the CRI: pods a second, lists, and the engine's CPU under a kubelet's polling.

  cri_scale.py [--bin DIR] [--pods 300] [--containers 2] [--in-flight 8] [--rounds 3] [--runtime native] [--network pod|node]
               [--peer SOCKET --peer-engine TEXT] [--image IMAGE] [--poll 20]

Gantry is started with a bridge network of its own. With --peer, another engine's CRI socket takes turns with it: pods by
that engine's CNI configuration, from --image, which both must be able to pull; processes whose command line has TEXT are
the peer's. Each line is one JSON object of gantry-cri-load; the last has the medians and their ratio."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))

SUBNET = "10.215.0.0/16"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    for name, value in (("pods", 300), ("containers", 2), ("in-flight", 8), ("rounds", 3), ("poll", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    for name, value in (("runtime", "native"), ("network", "pod"), ("peer", ""), ("peer-engine", ""), ("image", "")):
        parser.add_argument(f"--{name}", default=value)
    return parser.parse_args()


def network(folder):
    """A folder with one CNI network, and the name of its bridge."""
    name = f"gb{os.getpid() % 100000}"
    with open(f"{folder}/10-bench.conflist", "w", encoding="utf-8") as file:
        json.dump({"cniVersion": "1.0.0", "name": name, "plugins": [
            {"type": "bridge", "bridge": name, "isGateway": True, "ipMasq": True,
             "ipam": {"type": "host-local", "dataDir": f"{folder}/ipam", "routes": [{"dst": "0.0.0.0/0"}],
                      "ranges": [[{"subnet": SUBNET}]]}}]}, file)
    return name


def load(asked, name, socket, image, engine):
    options = {"pods": asked.pods, "containers": asked.containers, "in-flight": asked.in_flight, "poll": asked.poll, "network": asked.network,
               "engine": engine}
    words = [word for key, value in options.items() if value != "" for word in (f"--{key}", str(value))]
    run = subprocess.run([f"{os.environ['GANTRY_BIN']}/gantry-cri-load", socket, image, *words], stdout=subprocess.PIPE, text=True, check=True)
    said = {"engine": name, "load_average": os.getloadavg()[0], **json.loads(run.stdout)}
    print(json.dumps(said), flush=True)
    wanted = (asked.pods, asked.pods * asked.containers, 0)
    if (said["ready"], said["running"], said["left"]) != wanted:
        sys.exit(f"cri_scale: {name}: {wanted} were to be ready, running and left")
    return said


def main():
    asked = parse()
    os.environ["GANTRY_BIN"] = os.path.abspath(asked.bin)
    import harness
    session = harness.Session()
    folder = tempfile.mkdtemp(prefix="c", dir=session.folder)
    bridge = network(folder)
    daemon = session.daemon("--runtime", asked.runtime, cni_config=folder, insecure_registries=["localhost:5055", session.registry.address])
    socket = f"{daemon.run_dir}/cri.sock"
    daemon.flags += ["--cri-host", f"unix://{socket}"]
    daemon.start()
    image = asked.image or session.base
    turns = [("gantry", socket, daemon.run_dir)] + ([("peer", asked.peer, asked.peer_engine)] if asked.peer else [])
    found = {name: [] for name, _, _ in turns}
    try:
        for _ in range(asked.rounds):
            for name, at, engine in turns:
                found[name].append(load(asked, name, at, image, engine)["start"]["per_second"])
    finally:
        daemon.stop()
        subprocess.run(["ip", "link", "delete", bridge], capture_output=True, check=False)
        left = session.close()
    rates = {name: statistics.median(each) for name, each in found.items()}
    print(json.dumps({"pods_per_second": rates, "ratio": rates["gantry"] / rates["peer"] if "peer" in rates else None}))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
