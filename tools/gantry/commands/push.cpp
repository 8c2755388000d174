#include "messages/domain/reference.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/registry_auth.hpp"
#include "tools/gantry/commands/show_progress.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

constexpr auto no_login = "e30="; // {}: dockerd wants the header in any case

class push_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-a,--all-tags", all_tags_, "Push all tags of the repository");
    app.flag("-q,--quiet", quiet_, "Print the image's name alone");
  }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(const auto image, reference::parse(given[0]));
    if (!image.content.empty()) return fail(errc::invalid_argument, "{}: what has a digest is there already", given[0]);
    const bool tagged = given[0].ends_with(":" + image.tag);
    if (all_tags_ && tagged) return fail(errc::invalid_argument, "tag can't be used with --all-tags/-a");
    if (!all_tags_ && !tagged && !quiet_) with.io.out << "Using default tag: " << image.tag << '\n';
    auto target = "/images/" + http::escape(image.familiar_name()) + "/push";
    if (!all_tags_) http::add_query(target, "tag", image.tag);
    http::request what{.method = "POST", .target = std::move(target)};
    GANTRY_LET(auto login, registry_auth(image.domain));
    what.headers.emplace_back("X-Registry-Auth", login.empty() ? no_login : std::move(login));
    GANTRY_LET(auto answer, with.api.open(what));
    GANTRY_TRY(show_progress(with, answer, with.io.out, with.io.out_is_terminal,
                             quiet_ ? progress_shown::errors : progress_shown::all));
    if (quiet_) with.io.out << (all_tags_ ? image.name() : image.str()) << '\n';
    return 0;
  }

private:
  bool all_tags_ = false, quiet_ = false;
};

} // namespace

const verb push_verb{.operands = "IMAGE[:TAG]",
                     .summary = "Push an image to a registry",
                     .least = 1,
                     .most = 1,
                     .make = make_command<push_command>,
                     .completes = "image"};

} // namespace gantry::cli
