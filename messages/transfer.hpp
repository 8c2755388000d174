#pragma once

#include <memory>

#include "messages/images.hpp"
#include "messages/metrics.hpp"

namespace gantry::store {
class ingest;
}

namespace gantry {

struct fetch_manifest {
  reference name;
  registry_login login;
  std::string group; ///< of transfers that stall together: a pull's id
};
/// A small blob, verified: an image's config.
struct fetch_document {
  reference name;
  descriptor what;
  registry_login login;
  std::string group;
};
/// A layer's bytes into `into`, the pipe whose other end the asking extractor reads. All that happens is said through
/// the pipe: nobody is answered.
struct fetch_blob {
  reference name;
  std::shared_ptr<store::ingest> into;
  registry_login login;
  std::string group;
};
/// A blob of the store to a registry, unless that has it.
struct send_blob {
  reference name;
  descriptor what;
  std::vector<std::string> mount_from; ///< repositories of the same registry that may have it
  registry_login login;
  std::string group;
};
struct sent_blob {
  enum class way : std::uint8_t { existed, mounted, uploaded };
  way how = way::uploaded;
};
/// Also of the store. Last, when all that it names is there.
struct send_manifest {
  reference name;
  descriptor what;
  registry_login login;
  std::string group;
};
/// Ends what is left of a group's transfers, with the error `cancelled`. Every pull says it at its end.
struct cancel_group {
  std::string group;
};
/// How far each blob of a group is, in bytes: on disk, or sent.
struct ask_progress {
  std::string group;
};
struct transfer_progress {
  std::vector<std::pair<digest, std::uint64_t>> bytes;
};

/// From the client's own thread.
struct document_arrived {
  std::uint64_t request = 0;
  result<fetched_document> answer;
};
struct blob_advanced {
  enum class way : std::uint8_t { down, up };
  std::string group;
  digest blob;
  std::uint64_t bytes = 0; ///< on disk, or sent
  std::uint64_t more = 0;  ///< of them, since the last time
  way where = way::down;
};
struct upload_ended {
  std::uint64_t request = 0;
  result<sent_blob> answer;
};

/// transfer: connections, tokens, retries and per-host limits of all downloads and uploads.
using transfer_actor = caf::typed_actor<
    replies_to<fetch_manifest>::with<fetched_document>, replies_to<fetch_document>::with<fetched_document>,
    reacts_to<fetch_blob>, replies_to<send_blob>::with<sent_blob>, replies_to<send_manifest>::with<done>,
    replies_to<ask_progress>::with<transfer_progress>, reacts_to<cancel_group>, reacts_to<document_arrived>,
    reacts_to<blob_advanced>, reacts_to<upload_ended>, replies_to<read_metrics>::with<metrics>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::fetch_manifest)
GANTRY_MESSAGE(gantry::fetch_document)
GANTRY_MESSAGE(gantry::fetch_blob)
GANTRY_MESSAGE(gantry::send_blob)
GANTRY_MESSAGE(gantry::sent_blob)
GANTRY_MESSAGE(gantry::send_manifest)
GANTRY_MESSAGE(gantry::upload_ended)
GANTRY_MESSAGE(gantry::cancel_group)
GANTRY_MESSAGE(gantry::document_arrived)
GANTRY_MESSAGE(gantry::blob_advanced)
GANTRY_MESSAGE(gantry::ask_progress)
GANTRY_MESSAGE(gantry::transfer_progress)
