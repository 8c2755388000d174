#include "api/cri/mapping/images.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "messages/domain/base64.hpp"

namespace gantry::cri {
namespace {

/// "docker.io" under its three names.
std::string host_of(std::string address) {
  if (auto scheme = address.find("://"); scheme != std::string::npos) address.erase(0, scheme + 3);
  address.erase(std::min(address.find('/'), address.size()));
  return address == "index.docker.io" || address == "registry-1.docker.io" ? "docker.io" : address;
}

/// `user`, the part before the colon of the image's: a number, or a name that the image's own passwd knows.
void render_user(const std::string& user, v1::Image& into) {
  auto name = user.substr(0, user.find(':'));
  std::int64_t uid = 0;
  auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), uid);
  if (name.empty() || (failure == std::errc() && end == name.data() + name.size()))
    into.mutable_uid()->set_value(uid);
  else
    into.set_username(name);
}

} // namespace

v1::Image render_image(const found_image& from) {
  v1::Image made;
  const auto& image = *from.what;
  made.set_id(image.id.str());
  std::set<std::string> digests;
  for (const auto& one : from.names) {
    if (!one.name.tag.empty()) made.add_repo_tags(one.name.name() + ":" + one.name.tag);
    if (!one.manifest.empty()) digests.insert(one.name.name() + "@" + one.manifest.str());
  }
  for (const auto& one : digests) made.add_repo_digests(one);
  auto size = image.manifest_descriptor.size + image.config_json.size();
  for (const auto& layer : image.layers) size += layer.size;
  made.set_size(size);
  render_user(image.config.user, made);
  made.mutable_spec()->set_image(image.id.str());
  return made;
}

std::uint64_t bytes_on_disk(const image& of, std::set<digest>& counted) {
  std::uint64_t all = 0, own = 0;
  for (const auto& layer : of.layers) {
    all += layer.size;
    if (counted.insert(layer.content).second) own += layer.size;
  }
  if (all == 0) return 0;
  auto share = static_cast<double>(own) / static_cast<double>(all);
  return own + static_cast<std::uint64_t>(static_cast<double>(of.unpacked_bytes) * share);
}

result<registry_login> parse_auth(const v1::AuthConfig& from, const reference& image) {
  registry_login login;
  if (!from.server_address().empty() && host_of(from.server_address()) != host_of(image.domain)) return login;
  login.username = from.username();
  login.password = from.password();
  login.identity_token = from.identity_token();
  login.registry_token = from.registry_token();
  if (!login.username.empty() || from.auth().empty()) return login;
  auto both = decode_base64(from.auth());
  auto colon = both ? both->find(':') : std::string::npos;
  if (colon == std::string::npos) return fail(errc::invalid_argument, "auth.auth is not user:password in base64");
  login.username = both->substr(0, colon);
  login.password = both->substr(colon + 1);
  while (login.password.ends_with('\0')) login.password.pop_back(); // some of docker's stores pad with them
  return login;
}

} // namespace gantry::cri
