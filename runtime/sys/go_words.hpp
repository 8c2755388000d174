#pragma once

#include <string>

namespace gantry::sys {

/// `sentence` with the C library's error texts in Go's words, which differ in the first letter: "x: No such file or
/// directory" has a small n. Docker's client, kubelets and people look for Go's.
std::string in_go_words(std::string sentence);

} // namespace gantry::sys
