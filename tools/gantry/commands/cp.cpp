#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "messages/domain/base64.hpp"
#include "messages/domain/quote.hpp"
#include "store/archive/pack.hpp"
#include "store/archive/tree_path.hpp"
#include "store/archive/unpack.hpp"
#include "tools/gantry/commands/archives.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/copy_paths.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

constexpr std::uint32_t go_folder = 1U << 31, go_symlink = 1U << 27; // os.FileMode

/// What a container has at a path.
struct remote_path {
  path_kind kind = path_kind::nothing;
  std::string link; ///< of a symlink: where it leads in the container
};

class answer_source final : public store::byte_source {
public:
  explicit answer_source(http::response& from) : from_(from) {}
  result<std::size_t> read(std::span<char> into) override {
    if (at_ == held_.size()) {
      GANTRY_LET(held_, from_.read_some());
      at_ = 0;
    }
    const auto some = std::min(into.size(), held_.size() - at_);
    std::copy_n(held_.data() + at_, some, into.data());
    at_ += some;
    return some;
  }

private:
  http::response& from_;
  std::string held_;
  std::size_t at_ = 0;
};

class upload_sink final : public store::byte_sink {
public:
  explicit upload_sink(const http::body_writer& to) : to_(to) {}
  result<void> write(std::string_view bytes) override { return to_(bytes); }

private:
  const http::body_writer& to_;
};

/// Of this host, absolute; what marks its end ("/", "/.") stays.
std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char here[PATH_MAX];
  return ::getcwd(here, sizeof here) == nullptr ? path : store::join_path(here, path);
}

/// Where the links of a path lead.
std::string followed(const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) == nullptr ? path : real;
}

path_kind kind_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return path_kind::nothing;
  return S_ISDIR(status.st_mode) ? path_kind::folder : path_kind::file;
}

class cp_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-a,--archive", archive_, "Give files in the container to the user that it runs as");
    app.flag("-L,--follow-link", follow_, "Copy what a symbolic link leads to");
    app.flag("-q,--quiet", quiet_, "Do not say what was copied");
  }

  result<int> execute(context& with, const operands& given) override {
    const auto source = parse_copy_end(given[0]), target = parse_copy_end(given[1]);
    if (source.container.empty() == target.container.empty())
      return fail(errc::invalid_argument, "name a container on one side: CONTAINER:PATH");
    if (source.path.empty() || target.path.empty()) return fail(errc::invalid_argument, "a path is missing");
    GANTRY_TRY(source.container.empty() ? copy_in(with, source, target) : copy_out(with, source, target));
    if (!quiet_ && !source.is_stream() && !target.is_stream())
      with.io.err << "Successfully copied " << given[0] << " to " << given[1] << '\n';
    return 0;
  }

private:
  static std::string target_of(const copy_end& where) {
    auto target = container_path(where.container, "archive");
    http::add_query(target, "path", where.path);
    return target;
  }

  /// What a container says is at a path; nothing where there is nothing.
  static result<remote_path> look(context& with, const copy_end& where) {
    auto answer = with.api.open({.method = "HEAD", .target = target_of(where)});
    if (!answer && answer.error().code == errc::not_found) return remote_path{};
    if (!answer) return tl::unexpected<error>(std::move(answer.error()));
    const auto text_of_header = decode_base64(answer->header("X-Docker-Container-Path-Stat"));
    if (!text_of_header) return fail(errc::corrupt, "the daemon did not say what is at {}", quote(where.path));
    GANTRY_LET(const auto stat, parse_json(*text_of_header, "X-Docker-Container-Path-Stat"));
    const auto mode = static_cast<std::uint64_t>(number(stat, "mode"));
    if ((mode & go_symlink) != 0) return remote_path{path_kind::file, text(stat, "linkTarget")};
    return remote_path{(mode & go_folder) != 0 ? path_kind::folder : path_kind::file, ""};
  }

  // -- out of the container

  result<void> copy_out(context& with, copy_end source, const copy_end& target) const {
    if (follow_) {
      GANTRY_LET(const auto found, look(with, source));
      if (!found.link.empty()) source.path = found.link;
    }
    GANTRY_LET(const auto what, look(with, source));
    GANTRY_LET(auto answer, with.api.open({.target = target_of(source)}));
    if (target.is_stream()) return save_to_stream(answer, with.io.out);
    const auto there = absolute(target.path);
    GANTRY_LET(const auto place, place_copy(source.path, what.kind == path_kind::folder, there, kind_at(there)));
    auto folder = sys::rooted_dir::open(place.folder);
    if (!folder) return within(std::move(folder.error()), "{}", quote(target.path));
    store::unpacking how{.keep_kinds = true, .all_owned_by = store::unpacking::owner{::geteuid(), ::getegid()}};
    how.top = place.top;
    how.capabilities = false; // the container's, and not to be given to what runs on this host
    answer_source bytes(answer);
    return store::unpack(bytes, *folder, "/", how);
  }

  // -- into the container

  result<void> copy_in(context& with, const copy_end& source, copy_end target) const {
    GANTRY_LET(auto there, look(with, target));
    if (!there.link.empty()) {
      target.path = there.link;
      GANTRY_LET(there, look(with, target));
    }
    if (source.is_stream()) {
      if (there.kind != path_kind::folder)
        return fail(errc::invalid_argument, "{} is no directory of the container: an archive is unpacked into one",
                    quote(target.path));
      return put(with, target, [&](const http::body_writer& write) { return send_input(with, write); });
    }
    const auto local = store::clean_path(absolute(source.path));
    struct stat status {};
    if ((follow_ ? ::stat(local.c_str(), &status) : ::lstat(local.c_str(), &status)) != 0)
      return fail_errno(errno, "{}", quote(source.path));
    GANTRY_LET(const auto place, place_copy(local, S_ISDIR(status.st_mode), target.path, there.kind));
    target.path = place.folder;
    const store::packed_names names{place.top, place.top.empty() ? "" : place.top + "/"};
    return put(with, target, [&](const http::body_writer& write) {
      return send_tree(follow_ ? followed(local) : local, names, write);
    });
  }

  template<class Produce>
  result<void> put(context& with, const copy_end& target, Produce produce) const {
    auto where = target_of(target);
    http::add_query(where, "noOverwriteDirNonDir", "true");
    if (archive_) http::add_query(where, "copyUIDGID", "true");
    http::request request{.method = "PUT", .target = std::move(where)};
    request.headers.emplace_back("Content-Type", "application/x-tar");
    GANTRY_TRY(with.api.upload(request, produce));
    return {};
  }

  static result<void> send_input(context& with, const http::body_writer& write) {
    std::string bytes(64 << 10, '\0');
    for (;;) {
      const auto got = ::read(with.io.in_fd, bytes.data(), bytes.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno(errno, "read the input");
      if (got == 0) return {};
      GANTRY_TRY(write(std::string_view(bytes).substr(0, static_cast<std::size_t>(got))));
    }
  }

  static result<void> send_tree(const std::string& path, const store::packed_names& names,
                                const http::body_writer& write) {
    GANTRY_LET(const auto root, sys::rooted_dir::open("/"));
    upload_sink sink(write);
    store::tar_writer archive(sink);
    GANTRY_TRY(store::pack(root, path, names, archive));
    return archive.finish();
  }

  bool archive_ = false, follow_ = false, quiet_ = false;
};

} // namespace

const verb cp_verb{.operands = "CONTAINER:SOURCE TARGET|- or SOURCE|- CONTAINER:TARGET",
                   .summary = "Copy files between a container and this host",
                   .least = 2,
                   .most = 2,
                   .make = make_command<cp_command>,
                   .completes = "container"};

} // namespace gantry::cli
