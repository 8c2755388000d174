#pragma once

#include <cstdlib>
#include <string>

#include "runtime/sys/files.hpp"

namespace gantry::test {

/// A folder below /tmp for one case; gone at its end.
class temporary_root {
public:
  temporary_root() : path_("/tmp/gantry-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  temporary_root(const temporary_root&) = delete;
  temporary_root& operator=(const temporary_root&) = delete;
  ~temporary_root() { (void)sys::remove_tree(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
};

} // namespace gantry::test
