#pragma once

#include <simdjson.h>

#include <cerrno>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::native {

namespace dom = simdjson::dom;

/// Reads a document field by field and keeps the first problem, with the place where it is ("linux.intelRdt"). A null
/// member counts as absent. After a problem nothing more is read.
class json_fields {
public:
  /// Calls `known(key, value)` for each member; false from it means that the member is not implemented.
  template<class F>
  void object(dom::element value, F&& known) {
    dom::object members;
    if (value.get_object().get(members) != simdjson::SUCCESS) return wrong("must be an object");
    for (auto [key, member] : members) {
      if (problem_) return;
      const auto size = enter(key);
      if (!member.is_null() && !known(std::string_view(key), member)) unsupported();
      at_.resize(size);
    }
  }

  template<class F>
  void list(dom::element value, F&& each) {
    dom::array elements;
    if (value.get_array().get(elements) != simdjson::SUCCESS) return wrong("must be a list");
    std::size_t index = 0;
    for (auto element : elements) {
      if (problem_) return;
      const auto size = enter(std::to_string(index++));
      each(element);
      at_.resize(size);
    }
  }

  void get(dom::element value, std::string& out) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return wrong("must be a string");
    if (text.find('\0') != std::string_view::npos) return wrong("holds a NUL byte");
    out.assign(text);
  }
  void get(dom::element value, bool& out) {
    if (value.get_bool().get(out) != simdjson::SUCCESS) wrong("must be true or false");
  }
  template<class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void get(dom::element value, T& out) {
    if constexpr (std::is_signed_v<T>) {
      std::int64_t number = 0;
      if (value.get_int64().get(number) != simdjson::SUCCESS || number < std::numeric_limits<T>::min() ||
          number > std::numeric_limits<T>::max())
        return wrong("must be an integer in range");
      out = static_cast<T>(number);
    } else {
      std::uint64_t number = 0;
      if (value.get_uint64().get(number) != simdjson::SUCCESS || number > std::numeric_limits<T>::max())
        return wrong("must be a non-negative integer in range");
      out = static_cast<T>(number);
    }
  }
  template<class T>
  void get(dom::element value, std::optional<T>& out) {
    get(value, out.emplace());
  }
  template<class T>
  void get(dom::element value, std::vector<T>& out) {
    list(value, [&](dom::element element) { get(element, out.emplace_back()); });
  }

  /// The member at hand asks for something that this launcher does not do.
  void unsupported() {
    if (!problem_)
      problem_ = error{errc::failed_precondition, "the native launcher does not implement " + at_, EOPNOTSUPP};
  }
  /// … or has this value, which it does not know.
  void unsupported(std::string_view value) {
    if (!problem_)
      problem_ =
          error{errc::failed_precondition,
                fmt::format("the native launcher does not implement {} \"{}\"", at_, value.substr(0, 128)), EOPNOTSUPP};
  }
  void wrong(std::string_view what) {
    if (!problem_) problem_ = error{errc::invalid_argument, fmt::format("config.json: {} {}", at_, what), 0};
  }

  [[nodiscard]] bool ok() const { return !problem_; }
  [[nodiscard]] result<void> outcome() const {
    if (problem_) return tl::unexpected<error>(*problem_);
    return {};
  }

private:
  std::size_t enter(std::string_view key) {
    const auto size = at_.size();
    if (size != 0) at_.push_back('.');
    at_.append(key);
    return size;
  }

  std::string at_;
  std::optional<error> problem_;
};

} // namespace gantry::native
