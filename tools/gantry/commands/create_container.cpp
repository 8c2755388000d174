#include "tools/gantry/commands/create_container.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/files.hpp"
#include "tools/gantry/commands/pull_image.hpp"

namespace gantry::cli {

namespace {

/// The file in which the id goes, made before the container so that no container is made in vain; removed again when
/// nothing was written to it.
class id_file {
public:
  static result<id_file> make(const std::string& path) {
    id_file made;
    if (path.empty()) return made;
    made.fd_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!made.fd_ && errno == EEXIST)
      return fail(errc::already_exists,
                  "the --cidfile {} is there already: it may be another container's; remove it or name another", path);
    if (!made.fd_) return fail_errno(errno, "make the --cidfile {}", path);
    made.path_ = path;
    return made;
  }
  id_file(id_file&&) = default;
  id_file& operator=(id_file&&) = delete;
  ~id_file() {
    if (fd_ && !written_) ::unlink(path_.c_str());
  }

  result<void> write(const std::string& id) {
    if (!fd_) return {};
    GANTRY_TRY(sys::write_all(fd_.get(), id));
    written_ = true;
    return {};
  }

private:
  id_file() = default;
  sys::unique_fd fd_;
  std::string path_;
  bool written_ = false;
};

std::string create_target(const create_options& options) {
  std::string target = "/containers/create";
  if (!options.name.empty()) http::add_query(target, "name", options.name);
  if (!options.platform.empty()) http::add_query(target, "platform", options.platform);
  return target;
}

result<void> pull(context& with, const create_options& options, const std::string& image) {
  return pull_image(with, {.image = image, .platform = options.platform, .quiet = options.quiet}, with.io.err,
                    with.io.err_is_terminal);
}

} // namespace

result<json> call_with_image(context& with, const create_options& options, const std::string& image,
                             const std::function<result<json>()>& call) {
  if (options.pull == "always") GANTRY_TRY(pull(with, options, image));
  auto answer = call();
  bool missing =
      !answer && answer.error().code == errc::not_found && answer.error().message.find("image") != std::string::npos;
  if (!missing || options.pull != "missing") return answer;
  if (!options.quiet) with.io.err << "Unable to find image '" << image << "' locally\n";
  GANTRY_TRY(pull(with, options, image));
  return call();
}

result<std::string> create_container(context& with, const create_options& options, const json& body) {
  GANTRY_LET(auto file, id_file::make(options.cidfile));
  GANTRY_LET(auto created, call_with_image(with, options, text(body, "Image"),
                                           [&] { return with.api.post(create_target(options), body); }));
  for (const auto& warning : at(created, "Warnings"))
    if (warning.is_string()) with.io.err << "WARNING: " << warning.get<std::string>() << '\n';
  auto id = text(created, "Id");
  GANTRY_TRY(file.write(id));
  return id;
}

} // namespace gantry::cli
