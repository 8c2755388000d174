#include <fcntl.h>
#include <sys/statvfs.h>

#include "actors/container_supervisor.hpp"
#include "actors/files.hpp"
#include "runtime/rootfs/mounted_root.hpp"
#include "runtime/spec/user.hpp"
#include "runtime/stream/pipe.hpp"
#include "runtime/sys/thread_name.hpp"
#include "store/archive/look_at.hpp"
#include "store/archive/pack.hpp"
#include "store/archive/tree_path.hpp"
#include "store/archive/unpack.hpp"

namespace gantry {
namespace {

using self_pointer = files_actor::pointer;
using sys::rooted_dir;

class pipe_sink final : public store::byte_sink {
public:
  explicit pipe_sink(stream::pipe& to) : to_(to) {}
  result<void> write(std::string_view bytes) override { return to_.write(bytes); }

private:
  stream::pipe& to_;
};

class pipe_source final : public store::byte_source {
public:
  explicit pipe_source(stream::pipe& from) : from_(from) {}
  result<std::size_t> read(std::span<char> into) override { return from_.read(into); }

private:
  stream::pipe& from_;
};

// -- the root -----------------------------------------------------------------------------------------------------------

enum class with_mounts : bool { no, yes };

result<rooted_dir> open_root(const borrowed_rootfs& lent, with_mounts which) {
  const auto& record = *lent.container;
  rootfs::root_plan plan;
  if (container::alive(record)) plan.init = record.state.pid;
  plan.start_time = record.state.pid_start_time;
  plan.layers = lent.layers;
  plan.read_only = record.options.read_only_rootfs;
  if (which == with_mounts::yes) plan.mounts = record.mounts;
  auto root = rootfs::mount_root(plan);
  if (!root) return within(std::move(root.error()), "container {}", record.display_name);
  return root;
}

/// Has the container lend its files, opens its root, and calls `act` with both; then ends.
template<class Promise, class F>
void with_root(self_pointer self, Promise promise, const found_container& what, with_mounts which, F act) {
  auto lent = [self, promise, which, act](result<borrowed_rootfs> got) mutable {
    struct last_word { // CAF answers nobody for a promise that is dropped
      Promise& to;
      ~last_word() {
        if (to.pending()) refuse(to, {errc::internal, "the copy failed", 0});
      }
    } otherwise{promise};
    auto root = got ? open_root(*got, which) : result<rooted_dir>(tl::unexpected<error>(got.error()));
    if (root)
      act(promise, *got->container, *root);
    else
      refuse(promise, root.error());
    self->quit();
  };
  ask<borrowed_rootfs>(self, what.container, deadline::without_end, borrow_rootfs{self->address()}, std::move(lent));
}

/// dockerd's words for what is not there.
error in_words(error why, const container_record& record, const std::string& path) {
  if (why.os_errno == ENOENT)
    why.message = fmt::format("Could not find the file {} in container {}", path, record.display_name);
  return store::path_error(std::move(why));
}

// -- out of the container -----------------------------------------------------------------------------------------------

file_info info_of(const store::path_info& found) {
  const auto& status = found.status;
  return {found.name, static_cast<std::uint64_t>(status.st_size), status.st_mode,
          status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, found.link_target};
}

/// Packs and says in the pipe how it ended, whatever happens.
void pack_into(stream::pipe& to, const rooted_dir& root, const std::string& path, const store::packed_names& as) {
  struct last_word {
    stream::pipe& in;
    ~last_word() { in.fail({errc::internal, "the archive was given up", 0}); } // the first word counts
  } otherwise{to};
  pipe_sink sink(to);
  store::tar_writer writer(sink);
  auto packed = store::pack(root, path, as, writer);
  if (packed) packed = writer.finish();
  if (packed)
    to.finish();
  else
    to.fail(std::move(packed.error()));
}

// -- into the container -------------------------------------------------------------------------------------------------

std::uint64_t mount_of(int fd) {
  struct statx found {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &found) != 0 || (found.stx_mask & STATX_MNT_ID) == 0) return 0;
  return found.stx_mnt_id;
}

/// The folder to unpack into: it is one, and may be written to.
result<void> may_unpack(const rooted_dir& root, const std::string& path) {
  auto folder = root.open_at(path, O_PATH | O_DIRECTORY);
  if (!folder && folder.error().os_errno == ENOTDIR)
    return fail(errc::invalid_argument, "extraction point is not a directory");
  if (!folder) return tl::unexpected<error>(std::move(folder.error()));
  struct statvfs system {};
  if (::fstatvfs(folder->get(), &system) != 0) return fail_errno(errno, "look at {}", path);
  if ((system.f_flag & ST_RDONLY) == 0) return {};
  return fail(errc::invalid_argument, "{}",
              mount_of(folder->get()) == mount_of(root.fd()) ? "container rootfs is marked read-only"
                                                             : "mounted volume is marked read-only");
}

result<store::unpacking> unpacking_of(const write_files& request, const container_record& record,
                                      const rooted_dir& root) {
  store::unpacking how;
  how.keep_kinds = request.keep_kinds;
  if (!request.owned_by_user || record.effective_user.empty()) return how;
  GANTRY_LET(const auto view, spec::merged_view::of_tree(root));
  GANTRY_LET(const auto user, spec::resolve_user(record.effective_user, {}, view));
  how.all_owned_by = {user.uid, user.gid};
  return how;
}

result<void> unpack_from(const write_files& request, const container_record& record, const rooted_dir& root) {
  const auto path = store::clean_path(request.path);
  if (auto may = may_unpack(root, path); !may)
    return tl::unexpected<error>(in_words(std::move(may.error()), record, request.path));
  GANTRY_LET(const auto how, unpacking_of(request, record, root));
  pipe_source source(*request.from);
  auto unpacked = store::unpack(source, root, path, how);
  if (unpacked) return {};
  // The folder was there: what is missing is what the archive links to.
  if (unpacked.error().code == errc::not_found) unpacked.error().code = errc::invalid_argument;
  return tl::unexpected<error>(store::path_error(std::move(unpacked.error())));
}

// -- requests -----------------------------------------------------------------------------------------------------------

using info_promise = caf::typed_response_promise<file_info>;
using done_promise = caf::typed_response_promise<done>;

/// Looks, answers, and goes on with `then` when something is there.
void answer_look(info_promise& promise, const container_record& record, const rooted_dir& root, const std::string& path,
                 const std::function<void(const std::string&)>& then) {
  const auto clean = store::clean_path(path);
  auto found = store::look_at(root, clean);
  if (!found) return refuse(promise, in_words(std::move(found.error()), record, path));
  promise.deliver(info_of(*found));
  then(clean);
}

} // namespace

files_actor::behavior_type files_worker(self_pointer self, events_actor events) {
  sys::name_thread("files");
  auto emit = [events](const container_record& record, const char* action) {
    tell(events, container::event_of(record, action, {}));
  };
  return {
      [self](const look_at_file& request) -> caf::result<file_info> {
        auto promise = self->make_response_promise<file_info>();
        auto act = [path = request.path](info_promise& to, const container_record& record, const rooted_dir& root) {
          answer_look(to, record, root, path, [](const std::string&) {});
        };
        with_root(self, promise, request.what, with_mounts::yes, act);
        return promise;
      },
      [self, emit](const read_files& request) -> caf::result<file_info> {
        auto promise = self->make_response_promise<file_info>();
        auto act = [request, emit](info_promise& to, const container_record& record, const rooted_dir& root) {
          answer_look(to, record, root, request.path, [&](const std::string& clean) {
            emit(record, "archive-path");
            pack_into(*request.into, root, clean, store::names_of(clean));
          });
        };
        with_root(self, promise, request.what, with_mounts::yes, act);
        return promise;
      },
      [self, emit](const export_files& request) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        auto act = [request, emit](done_promise& to, const container_record& record, const rooted_dir& root) {
          to.deliver(done{});
          emit(record, "export");
          pack_into(*request.into, root, "/", {});
        };
        with_root(self, promise, request.what, with_mounts::no, act);
        return promise;
      },
      [self, emit](const write_files& request) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        auto act = [request, emit](done_promise& to, const container_record& record, const rooted_dir& root) {
          auto unpacked = unpack_from(request, record, root);
          if (unpacked) emit(record, "extract-to-dir");
          deliver(to, unpacked ? result<done>(done{}) : result<done>(tl::unexpected<error>(unpacked.error())));
        };
        with_root(self, promise, request.what, with_mounts::yes, act);
        return promise;
      },
  };
}

} // namespace gantry
