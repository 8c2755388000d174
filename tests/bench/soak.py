#!/usr/bin/env python3
"""A long time of containers that come and go, with the engine killed now and then: nothing is left, memory stays.

  soak.py [--bin DIR] [--seconds 1800]"""
import argparse
import concurrent.futures
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import memory  # noqa: E402

ROUND = 200  # containers between two looks
KILL_EVERY = 10  # rounds
GROWTH_KB = 40 * 1024  # over the fifth round: more is a leak, less is an allocator's way


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--seconds", type=int, default=1800)
    return parser.parse_args()


def one(daemon, image, n):
    options = [[], ["--read-only"], ["--network", "none"], ["--memory", "32m"], ["-v", "/anonymous"]][n % 5]
    done = daemon.gantry("run", "--rm", *options, image, "sh", "-c", f"echo {n}; exit {n % 7}")
    return done.returncode == n % 7 and done.stdout == f"{n}\n" or f"run {options}: {done.returncode} {done.stdout}{done.stderr}"


def main():
    asked = parse()
    os.environ["GANTRY_BIN"] = os.path.abspath(asked.bin)
    import harness
    session = harness.Session()
    bad, rounds, settled, now = [], 0, 0, 0
    try:
        daemon = session.daemon().start()
        daemon.ok("pull", "-q", session.base)
        until = time.monotonic() + asked.seconds
        while time.monotonic() < until and not bad:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                results = list(pool.map(lambda n: one(daemon, session.base, n), range(ROUND)))
            bad = [r for r in results if r is not True]
            rounds += 1
            now = memory.total(memory.engine_processes(daemon))
            print(f"round {rounds}: {ROUND} containers, engine {now} KB, {len(bad)} wrong", flush=True)
            if rounds % KILL_EVERY == 5:
                settled = settled or now
            if rounds % KILL_EVERY == 0:
                daemon.kill9()
                daemon.start()
            if settled and now - settled > GROWTH_KB:
                bad.append(f"the engine grew from {settled} KB to {now} KB")
    finally:
        left = session.close()
    for line in bad[:10] + [f"LEFT ON THE HOST: {name}" for name in left]:
        print(line)
    return 1 if bad or left else 0


if __name__ == "__main__":
    sys.exit(main())
