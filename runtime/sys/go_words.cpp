#include "runtime/sys/go_words.hpp"

#include <string_view>

namespace gantry::sys {

std::string in_go_words(std::string sentence) {
  for (std::string_view text : {": Permission denied", ": No such file or directory", ": Exec format error",
                                ": Operation not permitted", ": Not a directory", ": Is a directory"})
    if (const auto found = sentence.find(text); found != std::string::npos)
      sentence[found + 2] = static_cast<char>(sentence[found + 2] - 'A' + 'a');
  return sentence;
}

} // namespace gantry::sys
