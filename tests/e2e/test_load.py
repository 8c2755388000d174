"""Many at once: nothing fails under the bound, over it the answer is 429 at once, and the rest of the engine answers."""
import statistics
import threading
import time

from harness import SLOW, Case, wait_until

MANY = 200 if SLOW else 1000


def at_once(count, do):
    """Runs do(n) on as many threads; what each gave back."""
    results, gate = [None] * count, threading.Event()

    def one(n):
        gate.wait()
        try:
            results[n] = do(n)
        except Exception as error:
            results[n] = error
    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    gate.set()
    return results, threads


class Load(Case):
    def create(self, daemon):
        return lambda n: daemon.api("POST", f"/containers/create?name=n{n}", {"Image": self.base, "Cmd": ["true"]}, timeout=300)[0]

    def latencies(self, target, threads):
        """Seconds of each answer while the threads run."""
        seconds = []
        while any(thread.is_alive() for thread in threads):
            begun = time.monotonic()
            self.assertEqual(self.daemon.api("GET", target, timeout=60)[0], 200)
            seconds.append(time.monotonic() - begun)
            time.sleep(0.02)
        return seconds or [0]

    def test_a_thousand_creations_at_once_all_succeed(self):
        begun = time.monotonic()
        results, threads = at_once(MANY, self.create(self.daemon))
        pings, lists = [], []
        other = threading.Thread(target=lambda: lists.extend(self.latencies("/containers/json?all=1&limit=20", threads)))
        other.start()
        pings = self.latencies("/_ping", threads)
        for thread in threads + [other]:
            thread.join()
        took = time.monotonic() - begun
        print(f"\n  {MANY} creations at once in {took:.1f} s; meanwhile, median (this client's Python and {MANY} threads "
              f"included): /_ping {statistics.median(pings) * 1e3:.1f} ms, ps {statistics.median(lists) * 1e3:.1f} ms", flush=True)
        self.assertEqual([r for r in results if r != 201], [])
        self.assertEqual(len(self.daemon.ids()), MANY)

    def test_runs_in_parallel_all_succeed(self):
        clients = [self.daemon.begin("run", "--rm", self.base, "echo", str(n)) for n in range(20)]
        outputs = sorted(int(client.communicate(timeout=300)[0] or -1) for client in clients)
        self.assertEqual(outputs, list(range(20)))

    def test_removal_and_creation_of_one_name_race_without_harm(self):
        for _ in range(5):
            results, threads = at_once(8, lambda n: self.daemon.api("POST", "/containers/create?name=same", {"Image": self.base})[0])
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(results), [201] + [409] * 7)
            self.ok("rm", "same")


class Bounded(Case):
    flags = ("--max-creations", "100")

    def test_over_the_bound_is_told_at_once(self):
        create = lambda n: self.daemon.api("POST", f"/containers/create?name=n{n}", {"Image": self.base, "Cmd": ["true"]}, timeout=300)[0]
        results, threads = at_once(1000, create)
        for thread in threads:
            thread.join()
        made, told = results.count(201), results.count(429)
        print(f"\n  1000 creations at once under a bound of 100: {made} made, {told} told to ask again", flush=True)
        self.assertEqual(made + told, 1000, set(map(str, results)))
        self.assertGreaterEqual(made, 100)
        self.assertEqual(len(self.daemon.ids()), made)
        wait_until(lambda: self.daemon.api("POST", "/containers/create?name=later", {"Image": self.base})[0] == 201)
