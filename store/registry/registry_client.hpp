#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "messages/domain/descriptor.hpp"
#include "messages/domain/reference.hpp"
#include "store/blob/ingest.hpp"
#include "store/registry/client_options.hpp"
#include "store/registry/credentials.hpp"
#include "store/registry/payload.hpp"

namespace gantry::store {

using transfer_id = std::uint64_t; ///< never 0, never used twice by one client

/// Downloads from registries and uploads to them (OCI distribution-spec 1.1; Docker's token authentication), all on one
/// thread of its own. Any thread may call; nothing blocks. Each callback is called exactly once, on the client's
/// thread, where it must not block, and not from within the call that brought it. It may call the client again, but
/// not destroy it.
///
/// Failures are tried again with a growing wait where that makes sense, so an error is final. Its message names
/// the content, the image and what the registry said. Codes: denied (401 after a login, 403, a forbidden redirect),
/// not_found (404), exhausted (429), unavailable (5xx, no connection), timeout (a stall), corrupt (digest, size),
/// cancelled, invalid_argument.
class registry_client {
public:
  explicit registry_client(client_options options = {});
  registry_client(const registry_client&) = delete;
  registry_client& operator=(const registry_client&) = delete;
  /// Ends all transfers (their callbacks get `cancelled`) and the thread; returns when it has ended, which is at once.
  ~registry_client();

  /// The manifest or index that `of` names: by its digest when pinned, else by tag. At most max_manifest_bytes. The
  /// digest is verified when pinned, and against Docker-Content-Digest when the registry sends one. The document
  /// is not parsed: that is parse_manifest's, with `content_type`.
  transfer_id get_manifest(const reference& of, const credentials& who, callback<fetched_manifest> done);

  /// A small blob (an image config), verified by size and digest. Refused with `exhausted`, without a request, when the
  /// descriptor says more than `limit` bytes.
  transfer_id get_document(const reference& from, const descriptor& what, std::size_t limit, const credentials& who,
                           callback<std::string> done);

  /// Fills `into` from where it ends. `group`: transfers with the same number (not 0) stall only together; those of one
  /// pull. `progress` gets the bytes on disk, at most ten times a second and at the end, on the client's thread.
  /// `done`: all bytes are on disk, and the ingest is finished or, with an error, failed; the digest is commit()'s.
  transfer_id get_blob(const reference& from, std::shared_ptr<ingest> into, const credentials& who, std::uint64_t group,
                       std::function<void(std::uint64_t)> progress, callback<void> done);

  /// Sends the blob in the file at `path`, unless the registry has it, or finds it in its repository `mount_from`
  /// (empty: none is known). A failure begins anew. `group` and `progress` as above, in bytes sent.
  transfer_id put_blob(const reference& to, const descriptor& what, std::string path, std::string mount_from,
                       const credentials& who, std::uint64_t group, std::function<void(std::uint64_t)> progress,
                       callback<upload_end> done);

  /// Gives `to` its manifest, from the file at `path`; all that it names must be there.
  transfer_id put_manifest(const reference& to, const descriptor& what, std::string path, const credentials& who,
                           callback<void> done);

  /// Its callback gets `cancelled`, unless it has been called. An id that is not there is no error.
  void cancel(transfer_id id);

private:
  class worker;

  std::shared_ptr<worker> worker_;
};

} // namespace gantry::store
