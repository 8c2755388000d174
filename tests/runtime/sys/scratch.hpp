#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"

namespace gantry::test {

/// A fresh folder under /tmp that is gone at the end of the test case.
class scratch {
public:
  scratch() {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
    REQUIRE(::chmod(path_.c_str(), 0755) == 0);
  }
  ~scratch() { (void)sys::remove_tree(path_); }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  void make_directory(const std::string& name) const {
    REQUIRE(sys::make_directories(path_ + "/" + name, 0755).has_value());
  }
  void make_file(const std::string& name, const std::string& content = "x") const {
    REQUIRE(sys::write_file(path_ + "/" + name, content).has_value());
  }
  void make_link(const std::string& target, const std::string& name) const {
    REQUIRE(::symlink(target.c_str(), (path_ + "/" + name).c_str()) == 0);
  }
  [[nodiscard]] bool has(const std::string& name) const {
    struct stat status {};
    return ::lstat((path_ + "/" + name).c_str(), &status) == 0;
  }

private:
  std::string path_ = "/tmp/gantry-test-XXXXXX";
};

inline std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

} // namespace gantry::test
