"""What the machine does, and what processes by name hold."""
import os
import re
import time

from host import read  # of the end-to-end tests


def usage(names):
    """PSS, threads and number of the processes that have one of these names (their first 15 bytes)."""
    found = {"pss_kb": 0, "threads": 0, "processes": 0}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if read(f"/proc/{pid}/comm").strip() not in {name[:15] for name in names}:
            continue
        pss = re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M)
        threads = re.search(r"^Threads:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)
        found["pss_kb"] += int(pss[1]) if pss else 0
        found["threads"] += int(threads[1]) if threads else 0
        found["processes"] += 1
    return found


def busy_share(seconds):
    def ticks():
        values = [int(word) for word in read("/proc/stat").split("\n")[0].split()[1:9]]
        return sum(values) - values[3] - values[4], sum(values)
    busy, every = ticks()
    time.sleep(seconds)
    later = ticks()
    return (later[0] - busy) / max(1, later[1] - every)


def wait_idle(patience):
    """Until the processors are nearly idle, for `patience` seconds at most; the busy share that a measure begins with."""
    until = time.monotonic() + patience
    while (busy := busy_share(0.3)) > 0.05 and time.monotonic() < until:
        pass
    return round(busy, 3)
