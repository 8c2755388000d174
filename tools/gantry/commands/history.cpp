#include <algorithm>

#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/table.hpp"
#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {

constexpr std::size_t shown_command = 45; ///< as docker cuts it

class history_command : public command {
public:
  void declare(option_set& app) override {
    app.value("--format", list_.format, "table, json, or a template such as '{{.ID}} {{.Size}}'");
    app.flag("--json", list_.as_json, "One JSON document a line");
    app.flag("-q,--quiet", list_.quiet, "Print ids alone");
    app.flag("--no-trunc", list_.no_trunc, "Print ids and commands whole");
    app.flag("-H,--human", human_, "Print sizes and times for people (the default; --human=false does not)");
  }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto entries, with.api.get("/images/" + http::escape(given[0]) + "/history"));
    listing shown;
    shown.titles = {
        {"ID", "IMAGE"},  {"CreatedSince", "CREATED"}, {"CreatedAt", "CREATED AT"}, {"CreatedBy", "CREATED BY"},
        {"Size", "SIZE"}, {"Comment", "COMMENT"}};
    shown.columns = {"ID", human_ ? "CreatedSince" : "CreatedAt", "CreatedBy", "Size", "Comment"};
    if (entries.is_array())
      for (const auto& entry_of : entries) shown.rows.push_back(row(entry_of));
    return print_list(with, shown, list_, "ID");
  }

private:
  [[nodiscard]] json row(const json& from) const {
    const auto created = number(from, "Created"), size = number(from, "Size");
    auto made_by = text(from, "CreatedBy");
    std::replace(made_by.begin(), made_by.end(), '\t', ' ');
    const auto id = text(from, "Id");
    json made = json::object();
    made["Comment"] = text(from, "Comment");
    made["CreatedAt"] = local_rfc3339_of(std::chrono::seconds(created));
    made["CreatedBy"] = list_.no_trunc ? made_by : ellipsis(made_by, shown_command);
    made["CreatedSince"] = human_since(created, unix_now());
    made["ID"] = id.starts_with('<') ? id : list_.shown_id(id);
    made["Size"] = human_ ? human_size(static_cast<double>(size), 3) : std::to_string(size);
    return made;
  }

  list_options list_;
  bool human_ = true;
};

} // namespace

const verb history_verb{.operands = "IMAGE",
                        .summary = "Show how an image was made",
                        .least = 1,
                        .most = 1,
                        .make = make_command<history_command>,
                        .completes = "image"};

} // namespace gantry::cli
