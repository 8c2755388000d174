#include "api/docker/render/distribution.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/parse/registry_auth.hpp"
#include "api/door/new_id.hpp"

// docker manifest, and what asks a registry about an image without pulling it.
namespace gantry::docker::endpoints {
namespace {

/// Ends what is left of a group's transfers, and has the engine forget it.
class transfer_group {
public:
  explicit transfer_group(transfer_actor of) : of_(std::move(of)), name_(door::new_id()) {}
  transfer_group(const transfer_group&) = delete;
  transfer_group& operator=(const transfer_group&) = delete;
  ~transfer_group() { tell(of_, cancel_group{name_}); }
  [[nodiscard]] const std::string& name() const { return name_; }

private:
  transfer_actor of_;
  std::string name_;
};

awaitable<result<std::vector<platform>>> platforms_of(context& door, const fetch_manifest& asked,
                                                      std::variant<manifest, image_index> document) {
  if (auto* index = std::get_if<image_index>(&document)) co_return platforms_in(*index);
  fetch_document wanted{asked.name, std::get<manifest>(document).config, asked.login, asked.group};
  GANTRY_CO_LET(auto config,
                co_await ask<fetched_document>(door, door.actors.transfer, std::move(wanted), deadline::whole));
  GANTRY_CO_LET(auto parsed, parse_image_config(config.bytes));
  std::vector<platform> one{parsed.target};
  co_return one;
}

} // namespace

awaitable<result<response>> distribution_inspect(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto name, reference::parse(what.subject));
  auto login = parse_registry_auth(what.header("X-Registry-Auth")); // as dockerd: what is no login is none
  transfer_group group(door.actors.transfer);
  fetch_manifest asked{name, login.value_or(registry_login{}), group.name()};
  GANTRY_CO_LET(auto top, co_await ask<fetched_document>(door, door.actors.transfer, asked, deadline::whole));
  GANTRY_CO_LET(auto document, parse_manifest(top.bytes, top.content_type));
  descriptor shown{
      std::visit([](const auto& one) { return one.media_type; }, document), top.content, top.bytes.size(), {}, {}};
  GANTRY_CO_LET(auto platforms, co_await platforms_of(door, asked, std::move(document)));
  co_return json_response(dump(distribution(shown, platforms)));
}

} // namespace gantry::docker::endpoints
