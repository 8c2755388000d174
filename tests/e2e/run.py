#!/usr/bin/env python3
"""Runs end-to-end tests: run.py MODULE... [TEST NAMES of unittest]. Programs: GANTRY_BIN (default build/release/bin).

Exit status 1 when a test failed or anything was left on the host; 77 (skipped) without root."""
import os
import sys
import unittest

os.chdir(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.getcwd())
sys.dont_write_bytecode = True


def main():
    if os.geteuid() != 0:
        print("end-to-end tests run containers: root is needed")
        return 77
    import harness
    session = harness.Session()
    try:
        names = sys.argv[1:] or sorted(n[:-3] for n in os.listdir(".") if n.startswith("test_"))
        ran = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromNames(names))
        logs = "".join(f"--- log of daemon {n}\n{d.log()[-3000:]}\n" for n, d in enumerate(session.daemons))
    finally:
        left = session.close()
    if not ran.wasSuccessful():
        print(logs)
    for line in left:
        print(f"LEFT ON THE HOST: {line}")
    return 0 if ran.wasSuccessful() and not left else 1


if __name__ == "__main__":
    sys.exit(main())
