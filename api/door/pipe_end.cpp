#include "api/door/pipe_end.hpp"

namespace gantry::door {

pipe_end::pipe_end(const http::workplace& at) : changed_(std::make_shared<http::signal>(at.home->io)) {
  pipe_->on_change([home = at.home, changed = std::weak_ptr(changed_)] {
    home->post([changed] {
      if (auto alive = changed.lock()) alive->notify();
    });
  });
}

pipe_end::~pipe_end() {
  pipe_->on_change({});
  pipe_->fail({errc::cancelled, "the client has hung up", 0});
}

awaitable<result<void>> pipe_end::write(std::string_view bytes) {
  while (!bytes.empty()) {
    changed_->clear(); // first: what changes after the look below is not missed
    GANTRY_CO_LET(auto taken, pipe_->write_some(bytes));
    bytes.remove_prefix(taken);
    if (bytes.empty()) break;
    if (!co_await changed_->wait()) co_return fail(errc::cancelled, "the request was given up");
  }
  co_return result<void>();
}

awaitable<result<void>> pipe_end::send_body(http::exchange& from) {
  for (;;) {
    auto some = co_await from.read_body();
    if (!some) {
      pipe_->fail(some.error());
      co_return tl::unexpected<error>(some.error());
    }
    if (some->empty()) break;
    GANTRY_CO_TRY(co_await write(*some));
  }
  pipe_->finish();
  co_return result<void>();
}

awaitable<result<std::string>> pipe_end::next() {
  for (;;) {
    changed_->clear();
    GANTRY_CO_LET(auto some, pipe_->read_some());
    if (!some) co_return std::string();
    if (!some->empty()) co_return std::move(*some);
    if (!co_await changed_->wait()) co_return fail(errc::cancelled, "the request was given up");
  }
}

} // namespace gantry::door
