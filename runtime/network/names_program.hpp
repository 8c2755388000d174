#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "messages/domain/named_endpoint.hpp"
#include "runtime/monitor/protocol/messages.hpp"
#include "runtime/sys/unique_fd.hpp"

/// aardvark-dns: the program that answers containers on user-defined networks. One serves all networks of an engine; it
/// reads a folder of files, one a network, anew at each SIGHUP, and ends when the folder is empty. It outlives the
/// engine.
namespace gantry::network {

struct names_place {
  std::string program; ///< aardvark-dns; empty: it is not installed
  std::string folder;  ///< <run>/names, its alone
};

/// Where distributions put the program; empty where there is none.
std::string find_names_program();

/// A network's file: the address that containers ask (IPv4, whatever they ask for), then a line for each that is found
/// there. (github.com/containers/aardvark-dns, src/config/mod.rs, parse_configs)
std::string names_file(const std::string& address, const std::vector<named_endpoint>& known);

/// Starts it: answers when it reads its folder.
monitor::run_process start_names_program(const names_place& where);

/// The one that serves this folder, if it runs. Its pid alone is not believed: who has that pid names the folder.
class names_process {
public:
  static std::optional<names_process> find(const names_place& where);
  /// Has it read its folder again.
  void reload() const;
  /// Waits until it has ended by itself; one that does not in time is killed. Blocks.
  void wait_end(std::chrono::milliseconds patience) const;

private:
  explicit names_process(sys::unique_fd pidfd) : pidfd_(std::move(pidfd)) {}
  sys::unique_fd pidfd_;
};

/// The socket that listens at this address, port 53 of UDP, as its inode: another one after a reload. 0: none.
std::uint64_t names_socket(const std::string& address);
/// The same, of /proc/net/udp's content.
std::uint64_t find_udp_socket(std::string_view proc_net_udp, const std::string& address, std::uint16_t port);

} // namespace gantry::network
