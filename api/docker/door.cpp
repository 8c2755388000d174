#include "api/docker/door.hpp"

#include "api/docker/router.hpp"
#include "api/docker/status.hpp"
#include "api/docker/version.hpp"
#include "api/door/ask_blocking.hpp"

namespace gantry::docker {
namespace {

class docker_site final : public http::site {
public:
  explicit docker_site(context door) : door_(std::move(door)) {}

  result<http::handler> find(request& what) override {
    GANTRY_LET(auto split, split_version(what.path));
    what.path = std::move(split.path);
    what.api_minor = split.minor;
    GANTRY_LET(const auto* to, find_route(routes(), what));
    what.streams_body = to->body == body_is::streamed;
    return [this, to](const request& asked, exchange& on) { return to->answer(door_, asked, on); };
  }

  [[nodiscard]] const header_list& headers() const override {
    static const header_list always{{"Api-Version", std::string(api_version)},
                                    {"Docker-Experimental", "false"},
                                    {"Ostype", "linux"},
                                    {"Server", "Gantry/" GANTRY_VERSION " (linux)"}};
    return always;
  }
  [[nodiscard]] response refusal(const error& why) const override { return error_response(why); }
  [[nodiscard]] response refusal(int status, std::string_view why) const override {
    return message_response(status, why);
  }

private:
  context door_;
};

} // namespace

result<std::unique_ptr<http::server>> open_door(caf::actor_system& system, engine_actor engine,
                                                http::server_options options) {
  GANTRY_LET(auto actors, door::ask_blocking<engine_actors>(system, engine, ask_actors{}));
  GANTRY_LET(auto facts, door::ask_blocking<engine_info>(system, engine, ask_engine_info{}));
  options.name = "docker";
  return http::server::start(system, std::move(options), [&](const http::workplace& at) {
    return std::make_unique<docker_site>(context{{at}, engine, actors, facts});
  });
}

} // namespace gantry::docker
