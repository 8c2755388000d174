#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {

/// "localhost:5000/a:1" is the name localhost:5000/a and the tag 1: the last colon, unless it is a port's.
std::pair<std::string, std::string> name_and_tag(const std::string& whole) {
  auto colon = whole.rfind(':');
  if (colon == std::string::npos || whole.find('/', colon) != std::string::npos) return {whole, "<none>"};
  return {whole.substr(0, colon), whole.substr(colon + 1)};
}

class images_command : public command {
public:
  void declare(option_set& app) override {
    list_.declare(app);
    app.flag("-a,--all", all_, "Show intermediate images too");
    app.flag("--digests", digests_, "Show digests");
  }

  result<int> execute(context& with, const operands& given) override {
    std::string target = "/images/json";
    if (all_) http::add_query(target, "all", "1");
    if (!given.empty()) list_.filters.push_back("reference=" + given[0]);
    GANTRY_LET(auto filters, filters_of(list_.filters));
    if (!filters.empty()) http::add_query(target, "filters", filters);
    GANTRY_LET(auto images, with.api.get(target));
    listing shown;
    shown.titles = {{"Repository", "REPOSITORY"},
                    {"Tag", "TAG"},
                    {"Digest", "DIGEST"},
                    {"ID", "IMAGE ID"},
                    {"CreatedSince", "CREATED"},
                    {"CreatedAt", "CREATED AT"},
                    {"Size", "SIZE"},
                    {"Containers", "CONTAINERS"}};
    shown.columns = {"Repository", "Tag", "ID", "CreatedSince", "Size"};
    if (digests_) shown.columns.insert(shown.columns.begin() + 2, "Digest");
    if (images.is_array())
      for (const auto& image : images) add_rows(image, shown.rows);
    return print_list(with, shown, list_, "ID");
  }

private:
  void add_rows(const json& image, std::vector<json>& rows) const {
    const auto& tags = at(image, "RepoTags");
    if (!tags.is_array() || tags.empty()) {
      auto repository = digest_of(image, "").first;
      rows.push_back(row(image, repository.empty() ? "<none>" : repository, "<none>"));
      return;
    }
    for (const auto& tag : tags) {
      if (!tag.is_string()) continue;
      auto [name, label] = name_and_tag(tag.get<std::string>());
      rows.push_back(row(image, name, label));
      if (list_.quiet) return; // one id once
    }
  }

  /// Name and digest of the first RepoDigests of `repository` (any, when empty).
  static std::pair<std::string, std::string> digest_of(const json& image, const std::string& repository) {
    const auto& digests = at(image, "RepoDigests");
    if (!digests.is_array()) return {};
    for (const auto& each : digests) {
      if (!each.is_string()) continue;
      auto whole = each.get<std::string>();
      auto mark = whole.find('@');
      if (mark == std::string::npos || (!repository.empty() && whole.substr(0, mark) != repository)) continue;
      return {whole.substr(0, mark), whole.substr(mark + 1)};
    }
    return {};
  }

  [[nodiscard]] json row(const json& image, const std::string& repository, const std::string& tag) const {
    auto created = number(image, "Created");
    auto digest = digest_of(image, repository).second;
    json made = json::object();
    made["Containers"] = "N/A";
    made["CreatedAt"] = local_time(created);
    made["CreatedSince"] = human_since(created, unix_now());
    made["Digest"] = digest.empty() ? "<none>" : digest;
    made["ID"] = list_.shown_id(text(image, "Id"));
    made["Repository"] = repository;
    made["Size"] = human_size(static_cast<double>(number(image, "Size")), 3);
    made["Tag"] = tag;
    return made;
  }

  list_options list_;
  bool all_ = false, digests_ = false;
};

} // namespace

const verb images_verb{.operands = "[REPOSITORY[:TAG]]",
                       .summary = "List images",
                       .most = 1,
                       .make = make_command<images_command>,
                       .completes = "image"};

} // namespace gantry::cli
