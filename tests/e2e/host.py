"""What a test might leave on the host. Compared before and after: nothing may be left."""
import os
import re
import subprocess


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def processes_with(text):
    """{pid: command line} of the processes that name `text`, this one left out."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            line = read(f"/proc/{name}/cmdline").replace("\0", " ")
            if text in line:
                found[int(name)] = line.strip()
    return found


def cgroups_below(parent):
    found = []
    for top, folders, _ in os.walk("/sys/fs/cgroup"):
        depth = top.count("/")
        if depth > 6:
            folders.clear()
        found += [f"{top}/{name}" for name in folders if f"/{parent}" in f"{top}/{name}/"]
    return found


def lines_of(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    return run.stdout.split("\n")


def mounts(folder):
    return [line for line in read("/proc/self/mountinfo").split("\n") if folder in line]


def links():
    """Names of bridges and virtual links that container networks make."""
    found = set()
    for line in lines_of("ip", "-o", "link"):
        name = re.match(r"\d+: ([^:@]+)", line)
        if name and re.match(r"(gantry|gt|veth|cni)", name[1]):
            found.add(name[1])
    return found


def network_names():
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    return {f"/run/netns/{name}" for name in names if name.startswith("gantry")}


def rules():
    """Packet rules of containers: those that speak of a CNI chain of one container."""
    return {line for program in ("iptables-save", "ip6tables-save") for table in ("nat", "filter", "mangle")
            for line in lines_of(program, "-t", table)
            if re.search(r"CNI-(DN-)?[0-9a-f]{8,}|gantry", line) and not line.startswith("#")}
