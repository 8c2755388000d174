#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "runtime/monitor/client/monitor_client.hpp"
#include "runtime/stream/stream_connection.hpp"

namespace gantry::test {

/// What the unasked facts of a monitor are collected in.
class exits {
public:
  void add(monitor::process_exited what);
  /// Waits for the end of this process; fails the test after a minute.
  monitor::process_exited wait(const std::string& id, const std::string& exec_id = "");

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<monitor::process_exited> all_;
};

/// A monitor with a run folder of its own, and a root file system of busybox. At its end it must leave nothing: no
/// mount, no process, no cgroup.
class monitor_fixture {
public:
  monitor_fixture();
  ~monitor_fixture();
  monitor_fixture(const monitor_fixture&) = delete;
  monitor_fixture& operator=(const monitor_fixture&) = delete;

  void start_monitor();
  void connect();
  void disconnect() { client_.reset(); }
  /// kill -9, and waits for its end.
  void kill_monitor();

  result<monitor::reply> ask(monitor::request what);
  /// Asks and takes the answer of this type; fails the test when it is another.
  template<class Reply>
  Reply must(monitor::request what) {
    auto answer = ask(std::move(what));
    if (!answer) throw std::runtime_error(answer.error().message);
    return std::get<Reply>(std::move(*answer));
  }

  struct options {
    std::vector<std::string> args;
    bool tty = false, open_stdin = false, stdin_once = false, read_only = false;
    std::string runtime = "/usr/sbin/runc";
    std::string log_driver = "json-file";
    std::int64_t memory = 0;
    std::vector<std::string> lower = {}; ///< empty: busybox alone
  };
  monitor::start_container container(const std::string& id, const options& with);
  monitor::delete_container removal(const std::string& id, const std::string& runtime = "/usr/sbin/runc") const;
  /// Starts, waits for the end, and removes; returns the exit.
  monitor::process_exited run(const std::string& id, const options& with);

  stream::connection open_stream(monitor::open_stream what);
  [[nodiscard]] std::string log_text(const std::string& id) const; ///< of all entries, in order
  [[nodiscard]] std::string run_dir() const { return dir_ + "/run"; }
  [[nodiscard]] std::string dir() const { return dir_; }
  monitor::client& client() { return *client_; }
  exits& exited() { return exits_; }
  [[nodiscard]] key name(const std::string& id) const { return {ns_, id}; }

private:
  std::string dir_, ns_;
  exits exits_;
  std::unique_ptr<monitor::client> client_;
};

/// All that a stream gives until its end.
struct stream_content {
  std::string out, err;
  int exit_code = -1; ///< -1: it ended without saying
};
stream_content read_all(stream::connection& from);

} // namespace gantry::test
