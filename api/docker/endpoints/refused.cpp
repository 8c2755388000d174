#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/status.hpp"

namespace gantry::docker::endpoints {

awaitable<result<response>> no_swarm(context&, const request&, exchange&) {
  co_return message_response(503,
                             "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" "
                             "to connect this node to swarm and try again.");
}

awaitable<result<response>> no_plugins(context&, const request&, exchange&) { co_return json_response("[]"); }

awaitable<result<response>> no_such_plugin(context&, const request& what, exchange&) {
  co_return fail(errc::not_found, "plugin \"{}\" not found", what.subject);
}

awaitable<result<response>> no_build(context&, const request&, exchange&) {
  co_return message_response(501,
                             "Gantry builds no images itself: use `docker buildx create --driver docker-container` "
                             "with buildx, buildah or kaniko, push the image, and pull it");
}

awaitable<result<response>> not_implemented(context&, const request& what, exchange&) {
  co_return message_response(501,
                             fmt::format("{} {} is not supported by this version of Gantry", what.method, what.path));
}

} // namespace gantry::docker::endpoints
