#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "api/cri/cri.grpc.pb.h"

namespace gantry::test {

namespace v1 = ::runtime::v1;

/// How long each of some calls took.
struct spent {
  double seconds = 0; ///< all of them together, by the wall clock
  std::vector<double> each_ms;

  template<class F>
  void add(F call) {
    auto began = std::chrono::steady_clock::now();
    call();
    each_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
  }
  [[nodiscard]] double percentile(std::size_t percent) const {
    if (each_ms.empty()) return 0;
    auto sorted = each_ms;
    std::sort(sorted.begin(), sorted.end());
    return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
  }
};

/// Calls f(0) to f(count - 1), some at once. The first exception ends all.
template<class F>
spent in_parallel(int count, int in_flight, F f) {
  spent all;
  std::atomic<int> next{0};
  std::mutex lock;
  std::exception_ptr failure;
  auto work = [&] {
    try {
      for (int n = next++; n < count; n = next++) {
        spent one;
        one.add([&] { f(n); });
        std::lock_guard held(lock);
        all.each_ms.push_back(one.each_ms.front());
      }
    } catch (...) {
      std::lock_guard held(lock);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < in_flight; ++i) threads.emplace_back(work);
  for (auto& one : threads) one.join();
  all.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (failure) std::rethrow_exception(failure);
  return all;
}

struct node_options {
  int containers = 2;      ///< in each pod
  bool own_network = true; ///< of the pod's own; else the node's
  bool check = false;      ///< whoever has the answer of a start or a stop is told what it did
};

/// A kubelet's part: pods by number, over one connection.
class node {
public:
  node(const std::string& socket, std::string image, node_options how);
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  ~node(); ///< takes the logs away

  void start(int n); ///< the pod, and its containers one after another
  void stop(int n);
  void remove(int n);
  /// What the kubelet's PLEG asks; with `statuses` also each container's.
  void poll(bool statuses);

  struct totals {
    int pods = 0, ready = 0, containers = 0, running = 0;
  };
  totals count();

private:
  template<class Call, class Request, class Response>
  void call(const char* what, Call method, const Request& request, Response& response);
  void expect(const std::string& container, v1::ContainerState state);
  void stop_containers(const std::string& pod);
  v1::PodSandboxConfig config_of(int n) const;
  void start_container(const std::string& pod, const v1::PodSandboxConfig& config, int number);

  std::unique_ptr<v1::RuntimeService::Stub> runtime_;
  std::string image_;
  node_options how_;
  std::string logs_ = fmt::format("/tmp/gantry-cri-load-{}", ::getpid());
  std::mutex lock_;
  std::vector<std::string> pods_; ///< ids, by number
};

} // namespace gantry::test
