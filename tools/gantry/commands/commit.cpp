#include "messages/domain/reference.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class commit_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-a,--author", author_, "Author of the image");
    app.list("-c,--change", changes_, "Instruction of a Dockerfile for the image, as in 'CMD sh'");
    app.value("-m,--message", message_, "Message of the image's history");
    app.flag("-p,--pause", pause_, "Pause the container meanwhile (the default; --pause=false does not)");
  }

  result<int> execute(context& with, const operands& given) override {
    std::string target = "/commit";
    http::add_query(target, "container", given[0]);
    if (given.size() > 1) {
      GANTRY_LET(const auto name, reference::parse(given[1]));
      http::add_query(target, "repo", name.familiar_name());
      http::add_query(target, "tag", name.tag);
    }
    if (!message_.empty()) http::add_query(target, "comment", message_);
    if (!author_.empty()) http::add_query(target, "author", author_);
    for (const auto& change : changes_) http::add_query(target, "changes", change);
    if (!pause_) http::add_query(target, "pause", "0");
    GANTRY_LET(auto made, with.api.post(target));
    with.io.out << text(made, "Id") << '\n';
    return 0;
  }

private:
  std::string author_, message_;
  std::vector<std::string> changes_;
  bool pause_ = true;
};

} // namespace

const verb commit_verb{.operands = "CONTAINER [REPOSITORY[:TAG]]",
                       .summary = "Make an image of a container's changes",
                       .least = 1,
                       .most = 2,
                       .make = make_command<commit_command>,
                       .completes = "container,image"};

} // namespace gantry::cli
