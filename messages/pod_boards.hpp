#pragma once

#include <map>
#include <utility>

#include "messages/catalog.hpp"
#include "messages/images.hpp"
#include "messages/notice_board.hpp"
#include "messages/pods.hpp"

namespace gantry {

/// All images by id, with the names that the namespace of pods has for each.
using image_table = std::map<digest, found_image>;

/// What a kubelet asks for hundreds of times a second, for the CRI's door to answer without a message: all of the
/// namespace of pods.
struct pod_boards {
  notice_board<container_table> containers; ///< the catalog's, shown when its table is asked for
  notice_board<pod_table> pods;             ///< of pods, likewise
  notice_board<image_table> images;         ///< of images, always shown
};

/// As tell, of what changes what the actor told shows.
template<class Table, class Handle, class Fact>
void tell_announced(notice_board<Table>& board, const Handle& to, Fact fact) {
  board.announce();
  tell(to, std::move(fact));
}

} // namespace gantry
