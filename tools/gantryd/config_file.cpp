#include <algorithm>
#include <functional>
#include <numeric>
#include <sstream>

#include <toml.hpp>

#include "messages/domain/quote.hpp"
#include "runtime/sys/files.hpp"
#include "tools/gantryd/settings.hpp"

namespace gantry::daemon {
namespace {

using value = toml::value;
constexpr std::size_t max_file = 1u << 20;

/// How many single-character edits lead from one text to the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto cost = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, cost});
    }
  }
  return row.back();
}

using reader = std::function<result<void>(const value&, settings&)>;
using readers = std::map<std::string, reader>;

std::string nearest(const readers& known, const std::string& name) {
  auto closer = [&](const auto& a, const auto& b) { return distance(a.first, name) < distance(b.first, name); };
  return std::min_element(known.begin(), known.end(), closer)->first;
}

result<std::string> text_of(const value& from) {
  if (!from.is_string()) return fail(errc::invalid_argument, "a string in quotes is expected");
  return from.as_string().str;
}

result<std::vector<std::string>> texts_of(const value& from) {
  std::vector<std::string> list;
  if (!from.is_array()) return fail(errc::invalid_argument, "a list of strings is expected");
  for (const auto& one : from.as_array()) {
    GANTRY_LET(auto text, text_of(one));
    list.push_back(std::move(text));
  }
  return list;
}

result<std::map<std::string, std::string>> table_of(const value& from) {
  std::map<std::string, std::string> map;
  if (!from.is_table()) return fail(errc::invalid_argument, "a table of strings is expected");
  for (const auto& [name, one] : from.as_table()) {
    GANTRY_LET(map[name], text_of(one));
  }
  return map;
}

result<std::int64_t> number_of(const value& from, std::int64_t least, std::int64_t most) {
  if (!from.is_integer() || from.as_integer() < least || from.as_integer() > most)
    return fail(errc::invalid_argument, "a whole number of {} to {} is expected", least, most);
  return from.as_integer();
}

reader text(std::string settings::*into) {
  return [into](const value& from, settings& all) -> result<void> {
    GANTRY_LET(all.*into, text_of(from));
    return {};
  };
}
reader texts(std::vector<std::string> settings::*into) {
  return [into](const value& from, settings& all) -> result<void> {
    GANTRY_LET(all.*into, texts_of(from));
    return {};
  };
}
reader table(std::map<std::string, std::string> settings::*into) {
  return [into](const value& from, settings& all) -> result<void> {
    GANTRY_LET(all.*into, table_of(from));
    return {};
  };
}
reader duration(std::chrono::seconds settings::*into) {
  return [into](const value& from, settings& all) -> result<void> {
    GANTRY_LET(auto written, text_of(from));
    GANTRY_LET(all.*into, parse_seconds(written));
    return {};
  };
}
reader bound(std::size_t settings::bounds::*into) {
  return [into](const value& from, settings& all) -> result<void> {
    GANTRY_LET(auto number, number_of(from, 0, 1'000'000));
    all.limits.*into = static_cast<std::size_t>(number);
    return {};
  };
}

result<void> read_table(const value& from, const readers& known, const std::string& prefix, settings& into);

const readers& limit_keys() {
  static const readers known{{"max_creations", bound(&settings::bounds::max_creations)},
                             {"max_pulls", bound(&settings::bounds::max_pulls)},
                             {"threads", bound(&settings::bounds::threads)},
                             {"max_connections", bound(&settings::bounds::max_connections)},
                             {"monitors", bound(&settings::bounds::monitors)}};
  return known;
}

result<void> read_stop_timeout(const value& from, settings& into) {
  GANTRY_LET(auto seconds, number_of(from, 0, 86'400));
  into.stop_timeout = static_cast<int>(seconds);
  return {};
}

result<void> read_volatile(const value& from, settings& into) {
  if (!from.is_boolean()) return fail(errc::invalid_argument, "true or false is expected");
  into.volatile_snapshots = from.as_boolean();
  return {};
}

result<void> read_writable_memory(const value& from, settings& into) {
  GANTRY_LET(const auto mebibytes, number_of(from, 0, 1 << 20));
  into.writable_memory = mebibytes << 20;
  return {};
}

const readers& keys() {
  static const readers known{
      {"root", text(&settings::root)},
      {"run_dir", text(&settings::run_dir)},
      {"hosts", texts(&settings::hosts)},
      {"metrics_hosts", texts(&settings::metrics_hosts)},
      {"cri_hosts", texts(&settings::cri_hosts)},
      {"cri_streaming_host", text(&settings::cri_streaming_host)},
      {"cri_streaming_tls_cert", text(&settings::cri_streaming_tls_cert)},
      {"cri_streaming_tls_key", text(&settings::cri_streaming_tls_key)},
      {"group", text(&settings::group)},
      {"log_level", text(&settings::log_level)},
      {"idle_exit", duration(&settings::idle_exit)},
      {"stop_deadline", duration(&settings::stop_deadline)},
      {"runtime", text(&settings::runtime)},
      {"runtimes", table(&settings::runtimes)},
      {"monitor_program", text(&settings::monitor_program)},
      {"init_program", text(&settings::init_program)},
      {"cgroup_driver", text(&settings::cgroup_driver)},
      {"cgroup_parent", text(&settings::cgroup_parent)},
      {"dns", texts(&settings::dns)},
      {"stop_timeout", read_stop_timeout},
      {"volatile_snapshots", read_volatile},
      {"writable_memory", read_writable_memory},
      {"insecure_registries", texts(&settings::insecure_registries)},
      {"bridge", text(&settings::bridge)},
      {"subnet", text(&settings::subnet)},
      {"cni_plugins", text(&settings::cni_plugins)},
      {"cni_config", text(&settings::cni_config)},
      {"cdi_spec_dirs", texts(&settings::cdi_spec_dirs)},
      {"limits", [](const value& from, settings& into) { return read_table(from, limit_keys(), "limits.", into); }},
  };
  return known;
}

result<void> read_table(const value& from, const readers& known, const std::string& prefix, settings& into) {
  if (!from.is_table()) return fail(errc::invalid_argument, "a table is expected");
  for (const auto& [name, one] : from.as_table()) {
    auto found = known.find(name);
    if (found == known.end())
      return fail(errc::invalid_argument, "line {}: there is no key {}{}; the nearest known one is {}{}",
                  one.location().line(), prefix, quote(name), prefix, nearest(known, name));
    if (auto read = found->second(one, into); !read) {
      if (read.error().message.starts_with("line ")) return read; // of a key within a table
      return fail(errc::invalid_argument, "line {}: {}{}: {}", one.location().line(), prefix, name,
                  read.error().message);
    }
  }
  return {};
}

} // namespace

result<void> read_config_file(const std::string& path, settings& into) {
  auto content = sys::read_file(path, max_file);
  if (!content) return tl::unexpected<error>(content.error());
  try {
    std::istringstream in(*content);
    auto whole = toml::parse(in, path);
    if (auto read = read_table(whole, keys(), "", into); !read) return within(read.error(), "{}", path);
    return {};
  } catch (const std::exception& e) { // toml11 throws on each error of syntax, with the line in its text
    return fail(errc::invalid_argument, "{} is not TOML: {}", path, e.what());
  }
}

} // namespace gantry::daemon
