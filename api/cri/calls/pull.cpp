#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/mapping/images.hpp"
#include "api/door/new_id.hpp"

namespace gantry::cri::calls {
namespace {

constexpr std::chrono::hours longest_pull{24}; // stalls are the engine's to notice; slow progress is none

/// Tells `images` when the asker has gone: a pull that nobody waits for is given up.
class interest {
public:
  interest(images_actor images, std::string pull_id) : images_(std::move(images)), pull_id_(std::move(pull_id)) {}
  interest(const interest&) = delete;
  interest& operator=(const interest&) = delete;
  ~interest() {
    if (!pull_id_.empty()) tell(images_, abandon_pull{pull_id_});
  }
  void satisfied() { pull_id_.clear(); }

private:
  images_actor images_;
  std::string pull_id_;
};

} // namespace

answer<v1::PullImageResponse> pull_image(context& door, const v1::PullImageRequest& request) {
  gantry::pull_image pull;
  pull.ns = pods_namespace;
  GANTRY_CO_LET(pull.name, reference::parse(request.image().image()));
  pull.wanted = platform::host();
  GANTRY_CO_LET(pull.login, parse_auth(request.auth(), pull.name));
  pull.pull_id = door::new_id();
  pull.client = client;
  interest waiting(door.actors.images, pull.pull_id);
  auto got = co_await ask<pulled_image>(door, door.actors.images, std::move(pull), longest_pull);
  if (!got) co_return tl::unexpected<error>(got.error());
  waiting.satisfied();
  v1::PullImageResponse made;
  made.set_image_ref(got->id.str());
  co_return made;
}

} // namespace gantry::cri::calls
