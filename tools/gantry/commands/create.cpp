#include "tools/gantry/commands/create_container.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class create_command : public command {
public:
  void declare(option_set& app) override { declare_create_options(app, options_); }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto body,
               create_body(options_, given[0], {given.begin() + 1, given.end()}, surroundings::of_process()));
    GANTRY_LET(auto id, create_container(with, options_, body));
    with.io.out << id << '\n';
    return 0;
  }

private:
  create_options options_;
};

} // namespace

const verb create_verb{.operands = "IMAGE [COMMAND] [ARG...]",
                       .summary = "Create a container without starting it",
                       .least = 1,
                       .most = any_number,
                       .make = make_command<create_command>,
                       .where = verb::order::options_first,
                       .completes = "image"};

} // namespace gantry::cli
