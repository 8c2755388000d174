#include "messages/domain/reference.hpp"

#include <algorithm>
#include <optional>

#include "messages/domain/quote.hpp"

// The grammar of github.com/distribution/reference, by hand: a std::regex recurses once per character.

namespace gantry {
namespace {

constexpr std::string_view default_domain = "docker.io";
constexpr std::string_view legacy_domain = "index.docker.io";
constexpr std::string_view official_prefix = "library/";
constexpr std::size_t max_repository = 255; // distribution/reference, RepositoryNameTotalLengthMax
constexpr std::size_t max_tag = 128;
constexpr std::size_t max_domain = 261; // ours, the grammar has none: a name of the DNS, and a port
constexpr std::size_t max_text = 1024;  // more than all parts together

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower_alnum(char c) { return is_lower(c) || is_digit(c); }
bool is_alnum(char c) { return is_lower_alnum(c) || is_upper(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template<class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool has_upper(std::string_view text) { return std::any_of(text.begin(), text.end(), is_upper); }

/// Whether each of the parts of `text` between `separator` passes.
template<class Predicate>
bool each_part(std::string_view text, char separator, Predicate passes) {
  for (;;) {
    auto end = text.find(separator);
    if (!passes(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

/// domain-component: letters, digits and, inside, hyphens.
bool is_domain_component(std::string_view part) {
  return !part.empty() && is_alnum(part.front()) && is_alnum(part.back()) &&
         all_of(part, [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_port(std::string_view text) {
  return text.empty() || (text.size() > 1 && text.front() == ':' && all_of(text.substr(1), is_digit));
}

bool is_domain(std::string_view text) {
  if (text.starts_with('[')) { // an IPv6 address, without zone
    auto end = text.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    return all_of(text.substr(1, end - 1), [](char c) { return is_hex(c) || c == ':'; }) &&
           is_port(text.substr(end + 1));
  }
  auto colon = std::min(text.find(':'), text.size());
  return each_part(text.substr(0, colon), '.', is_domain_component) && is_port(text.substr(colon));
}

/// separator: one ".", one or two "_", or any number of "-".
bool is_separator(std::string_view run) {
  return run == "." || run == "_" || run == "__" || all_of(run, [](char c) { return c == '-'; });
}

/// path-component: runs of [a-z0-9] with separators between them.
bool is_path_component(std::string_view part) {
  if (part.empty() || !is_lower_alnum(part.front()) || !is_lower_alnum(part.back())) return false;
  for (std::size_t at = 0; at < part.size();) {
    if (is_lower_alnum(part[at])) {
      ++at;
      continue;
    }
    auto end = at;
    while (end < part.size() && !is_lower_alnum(part[end])) ++end;
    if (!is_separator(part.substr(at, end - at))) return false;
    at = end;
  }
  return true;
}

bool is_word(char c) { return is_alnum(c) || c == '_'; }

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= max_tag && is_word(text.front()) &&
         all_of(text, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

struct split_name {
  std::string domain, rest;
};

/// Tells a registry's name from the first part of a Docker Hub name (distribution/reference, splitDockerDomain).
split_name split_domain(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos) return {std::string(default_domain), std::string(official_prefix).append(text)};
  auto first = text.substr(0, slash);
  auto rest = text.substr(slash + 1);
  bool named = first == "localhost" || first.find_first_of(".:") != std::string_view::npos || has_upper(first);
  split_name split{std::string(named ? first : default_domain), std::string(named ? rest : text)};
  if (split.domain == legacy_domain) split.domain = default_domain;
  if (split.domain == default_domain && split.rest.find('/') == std::string::npos)
    split.rest.insert(0, official_prefix);
  return split;
}

result<void> check_repository(const std::string& repository) {
  if (has_upper(repository)) return fail(errc::invalid_argument, "the repository name must be lower case");
  if (repository.size() > max_repository)
    return fail(errc::invalid_argument, "the repository name is longer than {} characters", max_repository);
  if (each_part(repository, '/', is_path_component)) return {};
  return fail(errc::invalid_argument,
              "{} is not a repository name: it is made of a-z and 0-9, with \"/\", \".\", \"_\", \"__\" or hyphens "
              "between them",
              quote(repository));
}

result<void> check_tag(std::string_view tag) {
  if (is_tag(tag)) return {};
  return fail(errc::invalid_argument,
              "a tag is 1 to {} letters, digits, \"_\", \".\" and \"-\", and starts with neither of the last two",
              max_tag);
}

/// Takes what follows `separator` off the end of `rest`.
std::optional<std::string> cut_after(std::string& rest, char separator) {
  auto at = rest.find(separator);
  if (at == std::string::npos) return std::nullopt;
  auto tail = rest.substr(at + 1);
  rest.resize(at);
  return tail;
}

result<void> check_text(std::string_view text) {
  if (text.empty()) return fail(errc::invalid_argument, "it is empty");
  if (text.size() > max_text) return fail(errc::invalid_argument, "it is longer than {} characters", max_text);
  if (text.size() == 64 && all_of(text, [](char c) { return is_hex(c) && !is_upper(c); }))
    return fail(errc::invalid_argument, "64 hex digits are an image's id, not a name");
  return {};
}

result<reference> parse_parts(std::string_view text) {
  GANTRY_TRY(check_text(text));
  auto [domain, rest] = split_domain(text);
  auto pinned = cut_after(rest, '@');
  auto tag = cut_after(rest, ':');
  // Docker would take such a domain for the first part of a repository on no registry at all.
  if (domain.size() > max_domain || !is_domain(domain))
    return fail(errc::invalid_argument, "{} is not a registry's host and port", quote(domain));
  GANTRY_TRY(check_repository(rest));
  if (tag) GANTRY_TRY(check_tag(*tag));
  reference parsed{std::move(domain), std::move(rest), std::move(tag).value_or(pinned ? "" : "latest"), {}};
  if (pinned) {
    GANTRY_LET(parsed.content, digest::parse(*pinned));
  }
  return parsed;
}

} // namespace

result<reference> reference::parse(std::string_view text) {
  auto parsed = parse_parts(text);
  if (!parsed) return within(parsed.error(), "image reference {}", quote(text));
  return parsed;
}

std::string reference::name() const { return domain + "/" + repository; }

namespace {

std::string with_target(std::string name, const reference& ref) {
  if (!ref.tag.empty()) name.append(":").append(ref.tag);
  if (!ref.content.empty()) name.append("@").append(ref.content.str());
  return name;
}

} // namespace

std::string reference::str() const { return with_target(name(), *this); }

std::string reference::familiar() const { return with_target(familiar_name(), *this); }

std::string reference::familiar_name() const {
  if (domain != default_domain) return name();
  bool official =
      repository.starts_with(official_prefix) && repository.find('/', official_prefix.size()) == std::string::npos;
  return official ? repository.substr(official_prefix.size()) : repository;
}

std::string reference::target() const { return content.empty() ? tag : content.str(); }

} // namespace gantry
