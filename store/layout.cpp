#include "store/layout.hpp"

namespace gantry::store {

std::string layout::blobs(digest::algorithm algo) const { return fmt::format("{}/blobs/{}", root_, to_string(algo)); }
std::string layout::blob_path(const digest& content) const { return blobs(content.algo()) + "/" + content.hex(); }

std::string layout::layer_path(std::uint64_t n) const { return fmt::format("{}/layers/{}", root_, n); }
std::string layout::new_layer_path(std::uint64_t n) const { return fmt::format("{}/layers/.new-{}", root_, n); }

std::string layout::snapshot_path(std::uint64_t n) const { return fmt::format("{}/snapshots/{}", root_, n); }
std::string layout::snapshot_upper(std::uint64_t n) const { return snapshot_path(n) + "/upper"; }
std::string layout::snapshot_work(std::uint64_t n) const { return snapshot_path(n) + "/work"; }

std::string layout::container_dir(const key& name) const {
  return fmt::format("{}/containers/{}/{}", root_, name.ns, name.id);
}

std::string layout::volume_path(std::string_view name) const { return fmt::format("{}/volumes/{}", root_, name); }
std::string layout::volume_data(std::string_view name) const { return volume_path(name) + "/_data"; }

} // namespace gantry::store
