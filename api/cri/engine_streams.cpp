#include "api/cri/engine_streams.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "api/cri/calls/find.hpp"
#include "api/cri/pod_socket.hpp"

namespace gantry::cri {
namespace {

awaitable<result<process_stream>> exec(context& door, exec_request what) {
  GANTRY_CO_LET(auto found, co_await calls::find(door, what.container));
  exec_options options;
  options.args = std::move(what.command);
  options.tty = what.streams.tty;
  options.attach_stdin = what.streams.in;
  options.attach_stdout = what.streams.out;
  options.attach_stderr = what.streams.err;
  create_exec create{std::move(options)};
  GANTRY_CO_LET(auto made, co_await ask<exec_session>(door, found.container, std::move(create), deadline::launch));
  start_exec start{made.id, false, {}};
  GANTRY_CO_LET(auto ticket, co_await ask<stream_ticket>(door, found.container, std::move(start), deadline::launch));
  co_return process_stream{ticket.socket, ticket.token, found.name.id, made.id};
}

awaitable<result<process_stream>> attach(context& door, attach_request what) {
  GANTRY_CO_LET(auto found, co_await calls::find(door, what.container));
  attach_container message{what.streams.in, what.streams.out, what.streams.err};
  GANTRY_CO_LET(auto ticket, co_await ask<stream_ticket>(door, found.container, message, deadline::inner));
  co_return process_stream{ticket.socket, ticket.token, found.name.id, ""};
}

awaitable<void> resize(context& door, process_stream of, terminal_size size) {
  auto found = co_await calls::find(door, of.container);
  if (!found) co_return;
  resize_container message{of.exec_id, size.height, size.width};
  tell(found->container, std::move(message));
}

awaitable<result<sys::unique_fd>> connect(context& door, std::string sandbox, std::uint16_t port) {
  GANTRY_CO_LET(auto pod, co_await calls::find_pod(door, sandbox));
  if (pod->now != pod_phase::ready) co_return fail(errc::failed_precondition, "pod {} is not ready", pod->name.id);
  auto network = pod->network_namespace;
  auto open = [network, port] { return connect_in(network, port); };
  co_return co_await on_disk(door, std::move(open));
}

class engine_streams final : public backend {
public:
  explicit engine_streams(context& door) : door_(door) {}

  void exec(const exec_request& what, answer<process_stream> to) override {
    begin<process_stream>([&door = door_, what] { return cri::exec(door, what); }, std::move(to));
  }
  void attach(const attach_request& what, answer<process_stream> to) override {
    begin<process_stream>([&door = door_, what] { return cri::attach(door, what); }, std::move(to));
  }
  void resize(const process_stream& of, terminal_size size) override {
    door_.home->post(
        [&door = door_, of, size] { asio::co_spawn(door.home->io, cri::resize(door, of, size), asio::detached); });
  }
  void connect(const std::string& sandbox, std::uint16_t port, answer<sys::unique_fd> to) override {
    begin<sys::unique_fd>([&door = door_, sandbox, port] { return cri::connect(door, sandbox, port); }, std::move(to));
  }

private:
  template<class T, class Work>
  void begin(Work work, answer<T> to) {
    door_.home->post([&door = door_, work = std::move(work), to = std::move(to)] {
      asio::co_spawn(door.home->io, work(), [to](std::exception_ptr thrown, result<T> got) {
        if (thrown) got = fail(errc::cancelled, "the door is closing");
        to(std::move(got));
      });
    });
  }
  context& door_;
};

} // namespace

std::shared_ptr<backend> make_engine_streams(context& door) { return std::make_shared<engine_streams>(door); }

} // namespace gantry::cri
