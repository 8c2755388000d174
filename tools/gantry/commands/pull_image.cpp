#include "tools/gantry/commands/pull_image.hpp"

#include "messages/domain/reference.hpp"
#include "tools/gantry/commands/registry_auth.hpp"
#include "tools/gantry/commands/show_progress.hpp"

namespace gantry::cli {

namespace {

result<http::request> request_for(const pull_request& what, const reference& image) {
  std::string target = "/images/create";
  http::add_query(target, "fromImage", image.name());
  if (!what.all_tags) http::add_query(target, "tag", image.target());
  if (!what.platform.empty()) http::add_query(target, "platform", what.platform);
  http::request ask{.method = "POST", .target = std::move(target)};
  GANTRY_LET(auto auth, registry_auth(image.domain));
  if (!auth.empty()) ask.headers.emplace_back("X-Registry-Auth", std::move(auth));
  return ask;
}

} // namespace

result<void> pull_image(context& with, const pull_request& what, std::ostream& to, bool is_terminal) {
  GANTRY_LET(auto image, reference::parse(what.image));
  GANTRY_LET(auto request, request_for(what, image));
  GANTRY_LET(auto answer, with.api.open(request));
  return show_progress(with, answer, to, is_terminal, what.quiet ? progress_shown::errors : progress_shown::all);
}

} // namespace gantry::cli
