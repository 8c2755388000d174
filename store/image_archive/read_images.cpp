#include "store/image_archive/read_images.hpp"

namespace gantry::store {

result<std::vector<archived_image>> read_images(const archive_contents& of, const platform& host) {
  if (of.has("index.json")) return read_image_layout(of, host);
  if (of.has("manifest.json")) return read_docker_archive(of);
  return fail(errc::invalid_argument,
              "the archive has neither index.json nor manifest.json: it is no archive of images "
              "(a root file system's is taken in by `docker import`)");
}

} // namespace gantry::store
