"""The kernel's bound: bench_bound with the cgroups that Gantry makes for a container on this host."""
import os

from .engine import Engine, Skipped, last_json
from .machine import read


class Bound(Engine):
    def __init__(self, *flags):
        self.name = "bound" + "".join(flag.removeprefix("-") for flag in flags)
        self.flags, self.cgroups = flags, []

    def prepare(self, bench):
        self.program = bench.program("bench_bound")
        self.lower, self.work = bench.layers(), f"{bench.session.folder}/{self.name}"
        os.makedirs(self.work, exist_ok=True)
        for hierarchy, gantrys in bench.gantrys_cgroups().items():
            made = f"{hierarchy}/{os.path.basename(bench.session.folder)}-{self.name}"
            os.mkdir(made)
            self.cgroups.append(made)
            # v1: nobody may join a cpuset without processors, and those made below take the parent's.
            for name in ("cpuset.cpus", "cpuset.mems"):
                write(f"{made}/{name}", read(f"{hierarchy}/{name}"))
            write(f"{made}/cgroup.clone_children", "1")
            # v2: those made below have the controllers that a container of Gantry has.
            controllers = read(f"{gantrys}/cgroup.subtree_control").split()
            write(f"{made}/cgroup.subtree_control", " ".join(f"+{name}" for name in controllers))
        self.rate("none", 1, 0.1)

    def describe(self):
        hierarchies = ", ".join(cgroup.split("/")[-2] for cgroup in self.cgroups)
        return f"no engine, no runtime; cgroups in {hierarchies or 'none'}"

    def rate(self, network, in_flight, seconds):
        """A bridge costs an engine more than the namespace that is counted here."""
        cgroups = [word for cgroup in self.cgroups for word in ("--cgroup", cgroup)]
        own = [] if network == "host" else ["--network"]
        said = last_json([self.program, "--processes", in_flight, "--seconds", seconds, *own, *self.flags, *cgroups,
                          self.lower, self.work])
        if not said["count"]:
            raise Skipped("no cycle ended")
        return {**said, "failed": 0}

    def close(self):
        for cgroup in self.cgroups:
            for name in os.listdir(cgroup):
                if name.startswith("bound-"):  # of one that was interrupted
                    os.rmdir(f"{cgroup}/{name}")
            os.rmdir(cgroup)


def write(path, text):
    """Nothing where the kernel has no such file."""
    if text and os.path.exists(path):
        with open(path, "w") as file:
            file.write(text)
