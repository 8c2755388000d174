#include "runtime/network/cni/names.hpp"

#include <algorithm>

namespace gantry::network::cni {
namespace {

constexpr std::size_t max_link_name = 15; // IFNAMSIZ - 1

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_dots(std::string_view text) { return text == "." || text == ".."; }

} // namespace

bool is_cni_name(std::string_view text) {
  return !text.empty() && is_letter_or_digit(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-';
  });
}

bool is_program_name(std::string_view text) {
  return !text.empty() && !is_dots(text) && text.size() <= 255 &&
         std::none_of(text.begin(), text.end(), [](char c) { return c == '/' || c == '\\' || c == '\0'; });
}

bool is_link_name(std::string_view text) {
  return !text.empty() && text.size() <= max_link_name && !is_dots(text) &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return c == '/' || c == ':' || static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
         });
}

} // namespace gantry::network::cni
