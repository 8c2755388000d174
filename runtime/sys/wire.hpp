#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::sys {

/// Packs values into bytes, in host order (both ends are on one machine): integers as they are, a string or list as a
/// 32-bit count and its elements.
class wire_writer {
public:
  template<class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) wire_writer& put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  wire_writer& put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
    return *this;
  }
  wire_writer& put(const std::string& text) { return put(std::string_view(text)); }
  wire_writer& put(const char* text) { return put(std::string_view(text)); }
  template<class A, class B>
  wire_writer& put(const std::pair<A, B>& both) {
    return put(both.first).put(both.second);
  }
  template<class T>
  wire_writer& put(const std::vector<T>& list) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const auto& element : list) put(element);
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
  std::string bytes_;
};

/// Unpacks what wire_writer packed. After the first short read everything reads as empty and `ok()` is false, so a
/// caller checks once, at the end. Counts are bounded by what is left to read.
class wire_reader {
public:
  explicit wire_reader(std::string_view bytes) : left_(bytes) {}

  template<class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void get(T& value) {
    if (left_.size() < sizeof value) return set_bad();
    std::memcpy(&value, left_.data(), sizeof value);
    left_.remove_prefix(sizeof value);
  }
  /// Any byte but 0 is true: one that is copied into a bool must be 0 or 1.
  void get(bool& value) { value = read<std::uint8_t>() != 0; }
  void get(std::string& text) {
    std::uint32_t size = 0;
    get(size);
    if (!ok_ || left_.size() < size) return set_bad();
    text.assign(left_.substr(0, size));
    left_.remove_prefix(size);
  }
  template<class A, class B>
  void get(std::pair<A, B>& both) {
    get(both.first);
    get(both.second);
  }
  template<class T>
  void get(std::vector<T>& list) {
    std::uint32_t count = 0;
    get(count);
    if (!ok_ || count > left_.size()) return set_bad();
    list.clear();
    for (std::uint32_t i = 0; i < count && ok_; ++i) {
      T element{};
      get(element);
      list.push_back(std::move(element));
    }
  }
  template<class T>
  T read() {
    T value{};
    get(value);
    return value;
  }
  /// True when every read so far was within the bytes.
  [[nodiscard]] bool ok() const { return ok_; }
  /// True when, in addition, nothing is left over.
  [[nodiscard]] bool done() const { return ok_ && left_.empty(); }

private:
  void set_bad() {
    ok_ = false;
    left_ = {};
  }

  std::string_view left_;
  bool ok_ = true;
};

} // namespace gantry::sys
