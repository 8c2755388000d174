#include "messages/domain/platform.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <bit>

#include "messages/domain/quote.hpp"

namespace gantry {
namespace {

constexpr std::size_t max_part = 64; // longer than any name in GOOS or GOARCH

struct spelling {
  std::string_view written, architecture, variant;
};

// What uname, Debian and people write for Go's names (containerd/platforms, normalizeArch).
constexpr std::array<spelling, 20> spellings{{
    {"x86_64", "amd64", ""},
    {"x86-64", "amd64", ""},
    {"aarch64", "arm64", ""},
    {"armhf", "arm", "v7"},
    {"armel", "arm", "v6"},
    {"armv5l", "arm", "v5"},
    {"armv5tel", "arm", "v5"},
    {"armv5tejl", "arm", "v5"},
    {"armv6l", "arm", "v6"},
    {"armv7l", "arm", "v7"},
    {"armv7hl", "arm", "v7"},
    {"armv8l", "arm", "v8"},
    {"i386", "386", ""},
    {"i486", "386", ""},
    {"i586", "386", ""},
    {"i686", "386", ""},
    {"loongarch64", "loong64", ""},
    {"mips64el", "mips64le", ""},
    {"mipsel", "mipsle", ""},
    {"powerpc64le", "ppc64le", ""},
}};

constexpr std::array<std::string_view, 15> architectures{"386",     "amd64",   "arm",    "arm64",    "loong64",
                                                         "mips",    "mipsle",  "mips64", "mips64le", "ppc64",
                                                         "ppc64le", "riscv64", "s390x",  "sparc64",  "wasm"};

constexpr std::array<std::string_view, 7> systems{"linux",  "windows", "darwin", "freebsd",
                                                  "netbsd", "openbsd", "solaris"};

template<class List>
bool holds(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (auto& c : made)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return made;
}

bool is_part(std::string_view text) {
  return !text.empty() && text.size() <= max_part && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

std::string normal_system(std::string os) { return os == "macos" ? "darwin" : os; }

/// Go's name for `written`; a variant that the name implies stays when none was written.
platform normal(std::string os, std::string written, std::string variant) {
  platform made{normal_system(std::move(os)), std::move(written), std::move(variant)};
  for (const auto& known : spellings) {
    if (known.written != made.architecture) continue;
    made.architecture = known.architecture;
    if (made.variant.empty()) made.variant = known.variant;
    break;
  }
  bool is_number = made.variant.size() == 1 && made.variant[0] >= '0' && made.variant[0] <= '9';
  if (is_number) made.variant.insert(0, "v");
  if (made.architecture == "amd64" && made.variant == "v1") made.variant.clear();
  return made;
}

result<platform> parse_one(const std::string& part, std::string_view text) {
  auto made = normal("linux", part, "");
  if (holds(architectures, made.architecture)) return made;
  auto os = normal_system(part);
  if (!holds(systems, os))
    return fail(errc::invalid_argument, "platform {} is neither an operating system nor an architecture", quote(text));
  made = platform::host();
  made.os = std::move(os);
  return made;
}

/// The version of a variant in tenths ("v8.2" is 82), that of the architecture's plain form when there is none, -1
/// when it is no version.
int version(const std::string& architecture, const std::string& variant) {
  bool versioned = architecture == "arm" || architecture == "arm64" || architecture == "amd64";
  if (!versioned) return -1;
  if (variant.empty()) return architecture == "arm" ? 70 : architecture == "arm64" ? 80 : 10;
  auto is_digit = [&](std::size_t at) { return variant[at] >= '0' && variant[at] <= '9'; };
  bool plain = variant.size() == 2 && variant[0] == 'v' && is_digit(1);
  bool minor = variant.size() == 4 && variant[0] == 'v' && is_digit(1) && variant[2] == '.' && is_digit(3);
  if (!plain && !minor) return -1;
  return (variant[1] - '0') * 10 + (minor ? variant[3] - '0' : 0);
}

} // namespace

result<platform> platform::parse(std::string_view text) {
  std::vector<std::string> parts;
  for (auto left = text; parts.size() < 4;) {
    auto end = left.find('/');
    parts.push_back(lower(left.substr(0, end)));
    if (end == std::string_view::npos) break;
    left.remove_prefix(end + 1);
  }
  if (parts.size() > 3 || !std::all_of(parts.begin(), parts.end(), is_part))
    return fail(errc::invalid_argument, "platform {} is not of the form os/architecture/variant, as linux/arm64/v8",
                quote(text));
  if (parts.size() == 1) return parse_one(parts[0], text);
  return normal(parts[0], parts[1], parts.size() == 3 ? parts[2] : "");
}

platform platform::host() {
  utsname system{};
  std::string machine = ::uname(&system) == 0 ? lower(system.machine) : "";
  // uname does not say the byte order of MIPS.
  if (machine.starts_with("mips") && std::endian::native == std::endian::little && !machine.ends_with("el"))
    machine += "el";
  auto made = normal("linux", std::move(machine), "");
  if (made.architecture == "arm64") made.variant = "v8";
  return made;
}

std::string platform::str() const {
  auto text = os + "/" + architecture;
  return variant.empty() ? text : text + "/" + variant;
}

int match(const platform& wanted, const platform& offered) {
  constexpr int exact = 1000;
  if (wanted.os != offered.os || wanted.architecture != offered.architecture || wanted.architecture.empty()) return 0;
  int ours = version(wanted.architecture, wanted.variant);
  int theirs = version(offered.architecture, offered.variant);
  if (ours < 0 || theirs < 0) return wanted.variant == offered.variant ? exact : 0;
  // A processor runs the code of older ones of its kind, and the nearest is the fastest.
  return theirs <= ours ? exact - (ours - theirs) : 0;
}

} // namespace gantry
