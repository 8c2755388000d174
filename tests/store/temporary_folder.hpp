#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"

namespace gantry::test {

/// A new folder below /tmp, removed with all that is in it.
class temporary_folder {
public:
  temporary_folder() {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~temporary_folder() { (void)sys::remove_tree(path_); }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_ = "/tmp/gantry-test-XXXXXX";
};

/// The value of a result, or a failed test that shows the error.
template<class T>
T must(result<T> r) {
  if (!r) FAIL(r.error().message);
  return std::move(*r);
}
inline void must(const result<void>& r) {
  if (!r) FAIL(r.error().message);
}

inline bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

inline struct stat status_of(const std::string& path) {
  struct stat status {};
  INFO(path);
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

inline void write(const std::string& path, std::string_view content) { must(sys::write_file(path, content)); }

} // namespace gantry::test
