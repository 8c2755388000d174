#include "tests/e2e/cri/processes.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace gantry::test {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

std::vector<int> processes_with(const std::string& text) {
  std::vector<int> found;
  if (text.empty()) return found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) continue;
    const int pid = std::stoi(name);
    if (pid == ::getpid() || pid == ::getppid()) continue;
    if (content(entry.path() / "cmdline").find(text) != std::string::npos) found.push_back(pid);
  }
  return found;
}

double cpu_of(const std::vector<int>& processes) {
  double ticks = 0;
  for (int pid : processes) {
    const auto text = content("/proc/" + std::to_string(pid) + "/stat");
    const auto end = text.rfind(')');
    if (end == std::string::npos) continue;
    std::istringstream in(text.substr(end + 1)); // proc(5): after the name come fields 3 on; 14 and 15 are the times
    std::vector<std::string> fields{std::istream_iterator<std::string>(in), {}};
    if (fields.size() > 12) ticks += std::stod(fields[11]) + std::stod(fields[12]);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

} // namespace gantry::test
