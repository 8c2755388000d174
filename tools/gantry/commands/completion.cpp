#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

// Each script asks `gantry __complete` for the words that may stand last, so that the shells know nothing of the
// commands.

constexpr std::string_view bash_script = R"sh(_gantry() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$(gantry __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _gantry gantry
)sh";

constexpr std::string_view zsh_script = R"sh(#compdef gantry
_gantry() {
  local -a candidates
  candidates=(${(f)"$(gantry __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( ${#candidates} )); then compadd -a candidates; else _files; fi
}
if [ "$funcstack[1]" = "_gantry" ]; then _gantry "$@"; else compdef _gantry gantry; fi
)sh";

constexpr std::string_view fish_script = R"sh(function __gantry_complete
  set -l words (commandline -opc) (commandline -ct)
  gantry __complete -- $words[2..-1] 2>/dev/null
end
complete -c gantry -a '(__gantry_complete)'
)sh";

class completion_command : public command {
public:
  void declare(option_set&) override {}

  result<int> execute(context& with, const operands& given) override {
    if (given[0] == "bash")
      with.io.out << bash_script;
    else if (given[0] == "zsh")
      with.io.out << zsh_script;
    else if (given[0] == "fish")
      with.io.out << fish_script;
    else
      return fail(errc::invalid_argument, "completion for {} is not there: name bash, zsh or fish", given[0]);
    return 0;
  }
};

} // namespace

const verb completion_verb{.operands = "bash|zsh|fish",
                           .summary = "Print the completion script of a shell",
                           .least = 1,
                           .most = 1,
                           .make = make_command<completion_command>};

} // namespace gantry::cli
