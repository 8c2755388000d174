#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/domain/descriptor.hpp"
#include "messages/domain/reference.hpp"
#include "store/blob/ingest.hpp"
#include "store/registry/exchange.hpp"

namespace gantry::store {

/// A manifest or index as the registry sent it, its digest computed from its bytes.
struct fetched_manifest {
  std::string bytes;
  std::string content_type; ///< lower case, parameters cut off; what parse_manifest compares with the body
  digest content;
};

/// How a blob came to be in a registry.
enum class upload_end : std::uint8_t { existed, mounted, uploaded };

template<class T>
using callback = std::function<void(result<T>)>;

inline constexpr std::chrono::milliseconds progress_interval{100}; ///< between what is said of one transfer

/// What a transfer is after, apart from how it gets there. Lives on the loop's thread; `succeed` or `fail` is called
/// once, last.
class payload {
public:
  virtual ~payload() = default;

  /// What follows /v2/<repository>/ in the URL.
  [[nodiscard]] virtual std::string path() const = 0;
  /// What an error is about: "layer sha256:…".
  [[nodiscard]] virtual std::string subject() const = 0;
  /// How it is asked for, and what the request carries.
  [[nodiscard]] virtual std::string method() const { return "GET"; }
  virtual std::shared_ptr<request_body> body() { return nullptr; }
  /// What a token must allow (Docker's token authentication, "scope").
  [[nodiscard]] virtual std::string actions() const { return "pull"; }
  /// A new attempt: from the first request on.
  virtual void start_over() {}
  /// Beside Authorization, for the next request. Starts the body anew.
  virtual std::vector<std::string> begin() = 0;
  virtual taken receive(const response_head& head, std::span<const char> bytes) = 0;
  /// Whether a response of this status is an answer, and not a failure.
  [[nodiscard]] virtual bool is_answer(long status) const { return status == 200 || status == 206; }
  /// An answer is complete: is it what was wanted? An error of code unavailable may go better next time.
  virtual result<void> complete(const response_head& head) = 0;
  /// After a complete answer: another request follows, to `location` of that answer or, where that is empty, to path().
  struct next_request {
    std::string location;
  };
  virtual std::optional<next_request> next() { return std::nullopt; }
  /// Why receive() said stop; unavailable as above.
  [[nodiscard]] virtual error refusal() const = 0;
  /// The server cannot give the range that was asked for (416). True when asking without one is worth a try.
  virtual bool without_range() { return false; }
  /// Bytes that no retry has to fetch again.
  [[nodiscard]] virtual std::uint64_t progress() const { return 0; }
  /// Nothing to fetch any more.
  [[nodiscard]] virtual bool ready() const { return false; }

  virtual void succeed() = 0;
  virtual void fail(error reason) = 0;
};

std::unique_ptr<payload> manifest_payload(const reference& of, callback<fetched_manifest> done);
/// A blob that fits into memory. Errors of `done`: corrupt, exhausted when its descriptor is over `limit` bytes.
std::unique_ptr<payload> document_payload(const descriptor& what, std::size_t limit, callback<std::string> done);
/// A blob that goes into `into`. `progress` gets the bytes on disk, at most ten times a second and at the end.
std::unique_ptr<payload> blob_payload(std::shared_ptr<ingest> into, std::function<void(std::uint64_t)> progress,
                                      callback<void> done);

/// A blob, from the file at `path`, to a registry that does not have it: HEAD, then POST, which may find it in the
/// repository `mount_from` (empty: none), then PUT (OCI distribution-spec, "Push"). `progress` as above, in bytes sent.
std::unique_ptr<payload> blob_upload(const descriptor& what, std::string path, std::string mount_from,
                                     std::function<void(std::uint64_t)> progress, callback<upload_end> done);
std::unique_ptr<payload> manifest_upload(const reference& to, const descriptor& what, std::string path,
                                         callback<void> done);

} // namespace gantry::store
