#pragma once

#include <memory>
#include <string>

#include "messages/admission.hpp"
#include "messages/archives.hpp"
#include "messages/events.hpp"
#include "messages/snapshot.hpp"
#include "store/archive/tar_writer.hpp"
#include "store/blob/blob_store.hpp"
#include "store/layout.hpp"

namespace gantry {

struct archives_parts {
  admission_actor admission;
  images_actor images;
  snapshot_actor snapshot;
  events_actor events;
  std::shared_ptr<const store::blob_store> blobs;
  store::layout paths{""};
};

struct archives_state {
  archives_parts parts;
  static inline const char* name = "archives";
};

/// archives (architecture, "Actors"): waits for a place, and spawns who does the work.
archives_actor::behavior_type archives(archives_actor::stateful_pointer<archives_state> self, archives_parts parts);

/// Does one thing that is asked of archives, on a thread of its own, and ends when it has answered.
struct archiver_state {
  archives_parts parts;
  std::string lease; ///< on the blobs that it works with
  static inline const char* name = "archiver";
};
archives_actor::behavior_type archiver(archives_actor::stateful_pointer<archiver_state> self, archives_parts parts);

namespace archiving {

using self_pointer = archives_actor::stateful_pointer<archiver_state>;

caf::result<done> save(self_pointer self, const save_images& request);
caf::result<loaded_images> load(self_pointer self, const load_images& request);
caf::result<made_image> import_layer(self_pointer self, const import_image& request);
caf::result<made_image> commit(self_pointer self, const commit_container& request);
caf::result<change_list> list(self_pointer self, const list_changes& request);

/// The last thing that an archiver does.
void end(self_pointer self);

/// Why an archive could not be read: one that is over a bound, or lacks something, is wrong itself, and no better when
/// it is sent again; a disk that is full may be.
error unreadable(error why);

/// An actor's own thread at the reading end of a pipe.
class pipe_source final : public store::byte_source {
public:
  explicit pipe_source(byte_pipe from) : from_(std::move(from)) {}
  result<std::size_t> read(std::span<char> into) override;

private:
  byte_pipe from_;
};

/// At the writing end.
class pipe_sink final : public store::byte_sink {
public:
  explicit pipe_sink(byte_pipe into) : into_(std::move(into)) {}
  result<void> write(std::string_view bytes) override;

private:
  byte_pipe into_;
};

} // namespace archiving
} // namespace gantry
