#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "store/blob/staging.hpp"

namespace gantry::store {

/// Bounds of an archive of images; over any of them it is refused with `exhausted`.
struct archive_limits {
  std::uint64_t max_entries = 50'000;
  std::uint64_t max_bytes = 256ULL << 30; ///< uncompressed
};

/// The files of an archive of images, by name. Nothing is written under a name of the archive's own: each file is a
/// piece of the staging, and links are looked up among the names. So no link and no ".." can lead anywhere.
class archive_contents {
public:
  /// Reads a tar archive, plain or compressed, to its end. Errors, naming the entry:
  /// corrupt (a damaged stream, a name twice or with "..", kinds that no archive of images holds), exhausted (limits,
  /// disk full), those of `from`.
  static result<archive_contents> read(byte_source& from, std::shared_ptr<staging> into, const archive_limits& limits);

  [[nodiscard]] bool has(std::string_view name) const;
  /// Errors: not_found; corrupt for links that lead nowhere.
  [[nodiscard]] result<staging::piece> file(std::string_view name) const;
  /// Of at most `limit` bytes. Errors: as `file`; exhausted.
  [[nodiscard]] result<std::string> text(std::string_view name, std::size_t limit) const;
  [[nodiscard]] const staging& pieces() const { return *pieces_; }

private:
  struct node {
    staging::piece piece;
    std::string target; ///< of a link: the name that it means, from the archive's top
    bool is_link = false;
  };
  explicit archive_contents(std::shared_ptr<staging> into) : pieces_(std::move(into)) {}
  result<void> add(class tar_reader& from, const struct tar_entry& entry);

  std::shared_ptr<staging> pieces_;
  std::map<std::string, node, std::less<>> files_;
};

} // namespace gantry::store
