#include "messages/domain/reference.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class tag_command : public command {
public:
  void declare(option_set&) override {}

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(const auto name, reference::parse(given[1]));
    if (!name.content.empty()) return fail(errc::invalid_argument, "refusing to create a tag with a digest reference");
    auto target = "/images/" + http::escape(given[0]) + "/tag";
    http::add_query(target, "repo", name.familiar_name());
    http::add_query(target, "tag", name.tag);
    GANTRY_TRY(with.api.post(target));
    return 0;
  }
};

} // namespace

const verb tag_verb{.operands = "SOURCE[:TAG] TARGET[:TAG]",
                    .summary = "Give an image another name",
                    .least = 2,
                    .most = 2,
                    .make = make_command<tag_command>,
                    .completes = "image"};

} // namespace gantry::cli
