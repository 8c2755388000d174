#pragma once

#include <future>
#include <memory>
#include <string>

#include "store/blob/blob_store.hpp"
#include "store/hash.hpp"
#include "store/registry/registry_client.hpp"
#include "tests/catch.hpp"
#include "tests/store/blob/temporary_root.hpp"
#include "tests/store/registry/scripted_server.hpp"

namespace gantry::test {

using after = scripted_reply::after;

/// Options under which failures take milliseconds.
inline store::client_options hasty() {
  store::client_options options;
  options.retries.first_delay = std::chrono::milliseconds(2);
  options.retries.max_delay = std::chrono::milliseconds(5);
  options.retries.max_retry_after = std::chrono::milliseconds(20);
  return options;
}

inline reference image_at(const std::string& host, const std::string& repository = "team/app") {
  return reference{host, repository, "v1", {}};
}

inline descriptor describe(const std::string& bytes) {
  return descriptor{media_type::oci_layer_gzip, store::digest_of(bytes), bytes.size(), {}, {}};
}

/// Waits for what a callback brings; a test that would wait for ever fails instead.
template<class T>
class answer {
public:
  store::callback<T> take() {
    return [to = promise_](result<T> value) { to->set_value(std::move(value)); };
  }
  result<T> get() {
    if (future_.wait_for(std::chrono::seconds(60)) != std::future_status::ready)
      return fail(errc::internal, "the callback was not called");
    return future_.get();
  }
  [[nodiscard]] bool here() const { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

private:
  std::shared_ptr<std::promise<result<T>>> promise_ = std::make_shared<std::promise<result<T>>>();
  std::future<result<T>> future_ = promise_->get_future();
};

inline result<store::fetched_manifest> get_manifest(store::registry_client& client, const reference& of,
                                                    const store::credentials& who = {}) {
  answer<store::fetched_manifest> got;
  client.get_manifest(of, who, got.take());
  return got.get();
}

inline result<void> get_blob(store::registry_client& client, const reference& from, std::shared_ptr<store::ingest> into,
                             const store::credentials& who = {}) {
  answer<void> got;
  client.get_blob(from, std::move(into), who, 0, {}, got.take());
  return got.get();
}

/// A store of its own, and bytes to download.
struct download_fixture {
  temporary_root root;
  store::blob_store blobs = *store::blob_store::open(root.path());
  std::string bytes = [] {
    std::string made(100000, '\0');
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<char>(i * 7 % 251);
    return made;
  }();
  descriptor what = describe(bytes);
};

} // namespace gantry::test
