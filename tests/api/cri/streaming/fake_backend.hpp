#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "api/cri/streaming/backend.hpp"
#include "messages/domain/monitor.hpp"

namespace gantry::test {

/// The monitor's end of one stream, on a blocking socket; what it does not get in time fails the script.
class monitor_end {
public:
  explicit monitor_end(sys::unique_fd from) : fd_(std::move(from)) {}

  void send(monitor::frame type, std::string_view payload);
  void exit(int code);
  /// The next bytes for stdin; empty when it has been closed.
  std::string read_stdin();
  std::string read_all_stdin();
  [[nodiscard]] int fd() const { return fd_.get(); }

private:
  bool read_exactly(char* into, std::size_t size);
  sys::unique_fd fd_;
};

/// A backend whose processes are scripts on threads, over real local sockets, and whose pods are ports of this host.
class fake_backend final : public cri::backend {
public:
  using script = std::function<void(monitor_end&)>;

  fake_backend();
  ~fake_backend() override;

  void exec(const cri::exec_request& what, cri::answer<cri::process_stream> to) override;
  void attach(const cri::attach_request& what, cri::answer<cri::process_stream> to) override;
  void resize(const cri::process_stream& of, cri::terminal_size size) override;
  void connect(const std::string& sandbox, std::uint16_t port, cri::answer<sys::unique_fd> to) override;

  /// What the next processes do.
  void run(script what);
  /// Waits until that many sizes were set.
  std::vector<cri::terminal_size> sizes(std::size_t count);
  std::vector<std::string> commands();
  /// Waits for the scripts that have begun.
  void join();

private:
  void begin(const std::string& container, cri::answer<cri::process_stream> to);
  void serve(sys::unique_fd listening, const script& what);

  std::string folder_;
  std::mutex lock_;
  script script_;
  std::vector<std::thread> threads_;
  std::vector<cri::terminal_size> sizes_;
  std::vector<std::string> commands_;
  int next_ = 0;
};

} // namespace gantry::test
