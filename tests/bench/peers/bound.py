"""The kernel's bound: bench_bound with the cgroups that Gantry makes for a container on this host."""
import os

from .engine import Engine, Skipped, last_json


class Bound(Engine):
    def __init__(self, *flags):
        self.name = "bound" + "".join(flag.removeprefix("-") for flag in flags)
        self.flags, self.cgroups = flags, []

    def prepare(self, bench):
        self.program = bench.program("bench_bound")
        self.lower, self.work = bench.layers(), f"{bench.session.folder}/{self.name}"
        os.makedirs(self.work, exist_ok=True)
        for controller in bench.gantrys_cgroups():
            self.cgroups.append(f"{controller}/{os.path.basename(bench.session.folder)}-{self.name}")
            os.mkdir(self.cgroups[-1])
            # Nobody may join a cpuset without processors: those made below take the parent's.
            copy(controller, self.cgroups[-1], "cpuset.cpus", "cpuset.mems")
            write(f"{self.cgroups[-1]}/cgroup.clone_children", "1")
        self.rate("none", 1, 0.1)

    def describe(self):
        hierarchies = ", ".join(cgroup.split("/")[-2] for cgroup in self.cgroups)
        return f"no engine, no runtime; cgroups in {hierarchies or 'none'}"

    def rate(self, network, in_flight, seconds):
        """A bridge costs an engine more than the namespace that is counted here."""
        cgroups = [word for cgroup in self.cgroups for word in ("--cgroup", cgroup)]
        own = [] if network == "host" else ["--network"]
        read = last_json([self.program, "--processes", in_flight, "--seconds", seconds, *own, *self.flags, *cgroups,
                          self.lower, self.work])
        if not read["count"]:
            raise Skipped("no cycle ended")
        return {**read, "failed": 0}

    def close(self):
        for cgroup in self.cgroups:
            for name in os.listdir(cgroup):
                if name.startswith("bound-"):  # of one that was interrupted
                    os.rmdir(f"{cgroup}/{name}")
            os.rmdir(cgroup)


def write(path, text):
    if os.path.exists(path):
        with open(path, "w") as file:
            file.write(text)


def copy(above, below, *names):
    for name in names:
        if os.path.exists(f"{above}/{name}"):
            with open(f"{above}/{name}") as file:
                write(f"{below}/{name}", file.read())
