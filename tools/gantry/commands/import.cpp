#include "messages/domain/reference.hpp"
#include "tools/gantry/commands/archives.hpp"
#include "tools/gantry/commands/show_progress.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class import_command : public command {
public:
  void declare(option_set& app) override {
    app.list("-c,--change", changes_, "Instruction of a Dockerfile for the image, as in 'CMD sh'");
    app.value("-m,--message", message_, "Message of the image's history");
    app.value("--platform", platform_, "Platform of the image: OS[/ARCH[/VARIANT]]");
  }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto target, target_for(given));
    http::request what{.method = "POST", .target = std::move(target)};
    if (is_url(given[0])) {
      GANTRY_LET(auto answer, with.api.open(what));
      return shown(with, answer);
    }
    what.headers.emplace_back("Content-Type", "application/x-tar");
    GANTRY_LET(auto answer, send_file(with, what, given[0]));
    return shown(with, answer);
  }

private:
  static bool is_url(const std::string& source) { return source.find("://") != std::string::npos; }

  static result<int> shown(context& with, http::response& answer) {
    GANTRY_TRY(show_progress(with, answer, with.io.out, with.io.out_is_terminal));
    return 0;
  }

  [[nodiscard]] result<std::string> target_for(const operands& given) const {
    std::string target = "/images/create";
    http::add_query(target, "fromSrc", is_url(given[0]) ? given[0] : "-");
    if (given.size() > 1) {
      GANTRY_LET(const auto name, reference::parse(given[1]));
      http::add_query(target, "repo", name.familiar_name());
      http::add_query(target, "tag", name.tag);
    }
    if (!message_.empty()) http::add_query(target, "message", message_);
    if (!platform_.empty()) http::add_query(target, "platform", platform_);
    for (const auto& change : changes_) http::add_query(target, "changes", change);
    return target;
  }

  std::vector<std::string> changes_;
  std::string message_, platform_;
};

} // namespace

const verb import_verb{.operands = "FILE|URL|- [REPOSITORY[:TAG]]",
                       .summary = "Make an image of a root file system's tar archive",
                       .least = 1,
                       .most = 2,
                       .make = make_command<import_command>};

} // namespace gantry::cli
