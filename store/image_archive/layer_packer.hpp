#pragma once

#include <memory>

#include "store/blob/staging.hpp"

namespace gantry::store {

/// Packs a layer: tar bytes in, a gzip'd piece of the staging out, both digests computed on the way. Fast rather than
/// small (ISA-L, level 1). One thread.
class layer_packer final : public byte_sink {
public:
  static result<std::unique_ptr<layer_packer>> begin(staging& into);
  ~layer_packer() override;

  result<void> write(std::string_view tar) override;

  struct packed {
    staging::piece blob; ///< application/vnd.oci.image.layer.v1.tar+gzip
    digest diff_id;
  };
  /// Once, at the end.
  result<packed> end();

private:
  struct state;
  explicit layer_packer(std::unique_ptr<state> made);
  result<void> deflate(std::string_view tar, bool last);

  std::unique_ptr<state> state_;
};

} // namespace gantry::store
