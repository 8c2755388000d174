#include "tools/gantry/terminal/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::cli {

result<raw_mode> raw_mode::enter(int fd) {
  termios before{};
  if (::tcgetattr(fd, &before) != 0) return fail_errno(errno, "read the terminal's mode");
  auto raw = before;
  ::cfmakeraw(&raw);
  // TCSADRAIN and not TCSAFLUSH: what was typed ahead belongs to the container.
  if (::tcsetattr(fd, TCSADRAIN, &raw) != 0) return fail_errno(errno, "set the terminal's mode");
  return raw_mode(fd, before);
}

void raw_mode::restore() noexcept {
  if (fd_ >= 0) ::tcsetattr(std::exchange(fd_, -1), TCSADRAIN, &before_);
}

std::optional<window_size> window_size_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return std::nullopt;
  return window_size{size.ws_row, size.ws_col};
}

namespace {

/// One key of --detach-keys as the byte that a terminal sends.
std::optional<char> key_of(std::string_view name) {
  if (name.size() == 1) return name[0];
  constexpr std::string_view ctrl = "ctrl-";
  if (!name.starts_with(ctrl) || name.size() != ctrl.size() + 1) return std::nullopt;
  auto c = name.back();
  if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 1);
  if (c >= '@' && c <= '_') return static_cast<char>(c - '@');
  return std::nullopt;
}

} // namespace

result<detach_keys> detach_keys::parse(std::string_view keys) {
  detach_keys parsed;
  for (auto rest = keys; !rest.empty();) {
    auto comma = rest.find(',');
    auto key = key_of(rest.substr(0, comma));
    if (!key)
      return fail(errc::invalid_argument, "--detach-keys {}: write letters or ctrl-LETTER, separated by commas", keys);
    parsed.sequence_ += *key;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return parsed;
}

detach_keys::outcome detach_keys::feed(std::string_view bytes) {
  outcome told;
  if (sequence_.empty()) return {std::string(bytes), false};
  for (auto c : bytes) {
    if (c == sequence_[matched_]) {
      if (++matched_ == sequence_.size()) {
        told.detached = true;
        return told;
      }
      continue;
    }
    told.typed += sequence_.substr(0, matched_);
    matched_ = c == sequence_[0] ? 1 : 0;
    if (matched_ == 0) told.typed += c;
  }
  return told;
}

} // namespace gantry::cli
