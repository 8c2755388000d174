#!/usr/bin/env python3
"""Gantry beside its peers, in one run: medians of rounds that take turns.

  rate      containers created, started, waited for and removed a second, until nothing of them is left on the host
  start     from the first call until the process runs, one in flight
  hold      what --count sleeping containers cost on the engine's side
  overload  arrivals at multiples of what the engine can do: what is still done, how refusals are answered, memory
  live      the rate beside containers that sleep
  fair      a client with one container in flight beside one with many

Engines: gantry-{native,runc,crun,native-volatile}, dockerd, podman, containerd, bare-{runc,crun}[-in-root], bound,
bound-volatile, bound-tmpfs. What is not there is skipped, and said. Peers are used where they are and left as they are;
nothing is installed. As root, on an idle machine."""
import argparse
import glob
import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../e2e")]

SOCKETS = "gantry-native,gantry-runc,gantry-crun,dockerd,podman"
DEFAULTS = {"rate": SOCKETS + ",containerd,bare-runc,bare-crun,bare-runc-in-root,bare-crun-in-root,bound",
            "start": "gantry-native,gantry-runc,dockerd,podman,containerd,bare-runc,bare-crun,bare-runc-in-root,bare-crun-in-root",
            "hold": SOCKETS + ",containerd", "overload": "gantry-native,gantry-runc,dockerd,podman",
            "live": "gantry-native,bound", "fair": "gantry-native,gantry-runc,dockerd,podman"}


def listed(kind):
    return lambda text: [kind(word) for word in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("scenario", choices=DEFAULTS)
    add("--bin", default="build/release/bin", help="Gantry's programs, and bench_create_rate, bench_bound")
    add("--engines", type=listed(str), help="comma-separated; default: all that suit the scenario")
    add("--rounds", type=int, default=3)
    add("--seconds", type=float, default=3, help="of each measure")
    add("--count", type=int, default=200, help="containers of start and hold")
    add("--network", type=listed(str), default=["host", "none"], help="of host,none,bridge; overload, live, fair: the first")
    add("--in-flight", type=listed(int), default=[1, 4, 16, 64], help="hold: the greatest")
    add("--factors", type=listed(float), default=[3, 10], help="overload: multiples of capacity")
    add("--live", type=listed(int), default=[0, 1000, 5000], help="live: how many sleep")
    add("--heavy", type=int, default=1000, help="fair: what the other client has in flight")
    add("--max-creations", type=int, default=0, help="gantryd's bound of creations that wait (its default)")
    add("--reference", default="dockerd", help="the engine whose multiples stand in the tables")
    add("--patience", type=float, default=20, help="seconds to wait for an idle machine before each measure")
    add("--out", help="a file that JSON lines are added to")
    add("--dockerd", help="unix://PATH (default /run/docker.sock)")
    add("--podman", help="unix://PATH (default /run/podman/podman.sock)")
    add("--containerd-client", metavar="COMMAND", help="a client program; peers/containerd.py says what it must speak")
    add("--runtimes-root", default="", help="a root folder of another distribution with runc and crun: bare-*-in-root")
    return parser.parse_args()


def engine_of(name, asked):
    from peers import bare, bound, containerd, docker_api, gantry
    from peers.engine import Skipped
    kind, _, rest = name.partition("-")
    if name in ("gantry-native", "gantry-runc", "gantry-crun"):
        return gantry.Gantry(rest)
    if name == "gantry-native-volatile":
        return gantry.Gantry("native", volatile_snapshots=True)
    if name == "gantry-native-memory":
        return gantry.Gantry("native", writable_memory=64)
    if name in ("bare-runc", "bare-crun"):
        return bare.Bare(rest)
    if name in ("bare-runc-in-root", "bare-crun-in-root"):
        if not asked.runtimes_root:
            raise Skipped("no --runtimes-root FOLDER was given")
        return bare.Bare(rest.removesuffix("-in-root"), os.path.abspath(asked.runtimes_root))
    if name in ("bound", "bound-volatile", "bound-tmpfs"):
        return bound.Bound(*([f"--{rest}"] if rest else []))
    if name in ("dockerd", "podman", "containerd"):
        return {"dockerd": docker_api.Dockerd, "podman": docker_api.Podman, "containerd": containerd.Containerd}[kind]()
    sys.exit(f"peers: there is no engine {name}; see --help")


class Bench:
    """What engines need of the run: the programs, the image in its forms, a gantryd to ask."""

    def __init__(self, asked, session):
        import images
        from peers.results import Results
        self.options, self.session, self.results = asked, session, Results(asked.out)
        self.image = session.push("bench:1", images.Image([images.busybox()]))
        self.archive_name = f"localhost/{os.path.basename(session.folder)}:1"
        # Answers what config.json Gantry makes, where layers are, which cgroups a container gets. Not measured.
        self.specs = session.daemon().start()
        self.specs.ok("pull", "-q", self.image)

    def program(self, name):
        return f"{os.path.abspath(self.options.bin)}/{name}"

    def cgroup_root(self):
        """A hierarchy where every engine makes a cgroup for a container."""
        v1 = "/sys/fs/cgroup/memory"
        return v1 if os.path.isdir(v1) else "/sys/fs/cgroup"

    def archive(self):
        path = f"{self.session.folder}/bench.tar"
        if not os.path.exists(path):
            subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", f"oci:{self.session.folder}/layout-bench-1:pushed",
                            f"docker-archive:{path}:{self.archive_name}"], check=True)
        return path

    def layers(self):
        """overlay's lowerdir of the image."""
        root = f"{self.specs.root}/layers"
        return ":".join(sorted((f"{root}/{n}" for n in os.listdir(root) if n.isdigit()), reverse=True))

    def gantrys_cgroups(self):
        """{hierarchy: the folder in it where a native container gets a cgroup}"""
        kept = self.specs.ok("run", "-d", "--runtime", "native", "--network", "none", self.image, "sleep", "1000").strip()
        parent, top = self.specs.cgroup_parent, "/sys/fs/cgroup"
        places = [top, *(one.path for one in os.scandir(top) if one.is_dir() and not one.is_symlink())]
        found = {place: os.path.dirname(path) for place in sorted(places)
                 for path in glob.glob(f"{place}{parent}/**/{kept}", recursive=True)}
        self.specs.ok("rm", "-f", kept)
        return found


def prepared(bench, names):
    from peers.engine import Skipped
    ready, begun = [], []
    try:
        for name in names:
            try:
                engine = engine_of(name, bench.options)
                begun.append(engine)
                engine.prepare(bench)
            except Skipped as why:
                print(f"{name}: skipped: {why}", flush=True)
                continue
            ready.append(engine)
            print(f"{name}: {engine.describe()}", flush=True)
    except BaseException:
        close(begun)
        raise
    return ready, begun


def close(engines):
    for engine in engines:
        try:
            engine.close()
        except Exception as error:  # the others are to be closed too; what stays is said at the end
            print(f"closing {engine.name}: {error}")


def main():
    asked = parse()
    if os.geteuid() != 0:
        sys.exit("peers: containers are run: root is needed")
    os.environ["GANTRY_BIN"] = os.path.abspath(asked.bin)
    import harness
    from peers import scenarios
    session = harness.Session()
    try:
        bench = Bench(asked, session)
        engines, begun = prepared(bench, asked.engines or DEFAULTS[asked.scenario].split(","))
        try:
            scenarios.ALL[asked.scenario](bench, engines)
        finally:
            close(begun)
    finally:
        left = session.close()
    for line in left:
        print(f"LEFT ON THE HOST: {line}")
    return 1 if left or any(line.get("failed") for line in bench.results.lines) else 0


if __name__ == "__main__":
    sys.exit(main())
