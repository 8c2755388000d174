#include "messages/domain/reference.hpp"
#include "tools/gantry/commands/pull_image.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class pull_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-q,--quiet", what_.quiet, "Print the image's name alone");
    app.flag("-a,--all-tags", what_.all_tags, "Pull all tags of the repository");
    app.value("--platform", what_.platform, "Platform of the image: OS[/ARCH[/VARIANT]]");
  }

  result<int> execute(context& with, const operands& given) override {
    what_.image = given[0];
    GANTRY_LET(auto image, reference::parse(what_.image));
    if (!what_.quiet && !what_.all_tags && image.tag == "latest" && image.content.empty() &&
        !given[0].ends_with(":latest"))
      with.io.out << "Using default tag: latest\n";
    GANTRY_TRY(pull_image(with, what_, with.io.out, with.io.out_is_terminal));
    with.io.out << image.str() << '\n';
    return 0;
  }

private:
  pull_request what_;
};

} // namespace

const verb pull_verb{.operands = "IMAGE[:TAG|@DIGEST]",
                     .summary = "Pull an image from a registry",
                     .least = 1,
                     .most = 1,
                     .make = make_command<pull_command>,
                     .completes = "image"};

} // namespace gantry::cli
