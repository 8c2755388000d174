#include "tools/gantry-load/engine/engine_api.hpp"

#include <nlohmann/json.hpp>

namespace gantry::load {

namespace {

using nlohmann::json;

std::string text_at(const json& document, const char* key) {
  if (!document.is_object()) return {};
  auto found = document.find(key);
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

tl::unexpected<failure> not_understood(const char* step, const std::string& body) {
  failure made;
  made.step = step;
  made.words = "the answer is not what the API says: " + body;
  return tl::unexpected(std::move(made));
}

outcome<std::string> id_in(const char* step, const outcome<response>& got) {
  if (!got) return tl::unexpected(got.error());
  auto id = text_at(json::parse(got->body, nullptr, false), "Id");
  // It becomes a part of paths.
  if (id.empty() || id.find_first_not_of("0123456789abcdefABCDEF") != id.npos) return not_understood(step, got->body);
  return id;
}

/// A number, or nothing where the engine says null.
outcome<std::optional<int>> status_in(const char* step, const char* key, const outcome<response>& got) {
  if (!got) return tl::unexpected(got.error());
  auto document = json::parse(got->body, nullptr, false);
  if (!document.is_object() || !document.contains(key)) return not_understood(step, got->body);
  const auto& value = document[key];
  if (value.is_null()) return std::optional<int>();
  if (!value.is_number_integer()) return not_understood(step, got->body);
  return value.get<int>();
}

outcome<void> nothing_in(const outcome<response>& got) {
  if (!got) return tl::unexpected(got.error());
  return {};
}

std::string url_encoded(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string made;
  for (const char byte : text) {
    const auto c = static_cast<unsigned char>(byte);
    if (::isalnum(c) != 0 || c == '-' || c == '_' || c == '.') {
      made += static_cast<char>(c);
    } else {
      made += '%';
      made += digits[c >> 4];
      made += digits[c & 15];
    }
  }
  return made;
}

/// "Podman Engine", "gantry", "Docker Engine - Community": whichever field this engine fills.
std::string engine_name(const json& version) {
  if (auto platform = version.find("Platform"); platform != version.end())
    if (auto name = text_at(*platform, "Name"); !name.empty()) return name;
  if (auto parts = version.find("Components"); parts != version.end() && parts->is_array() && !parts->empty())
    return text_at(parts->front(), "Name");
  return "engine";
}

} // namespace

task<outcome<response>> engine_api::ask(const char* step, request what, call_options how) {
  auto got = co_await http_.call(std::move(what), std::move(how));
  if (got && (got->status < 200 || got->status >= 400) && got->status != 101)
    got = tl::unexpected(failure_of_answer(got->status, got->body, got->retry_after));
  if (!got) got.error().step = step;
  co_return got;
}

task<outcome<response>> engine_api::ask(const char* step, request what) {
  call_options how;
  how.timeout = timeout_;
  return ask(step, std::move(what), std::move(how));
}

task<outcome<engine_identity>> engine_api::identify() {
  request what{"GET", "/version", {}};
  auto got = co_await ask("version", std::move(what));
  if (!got) co_return tl::unexpected(std::move(got.error()));
  auto version = json::parse(got->body, nullptr, false);
  engine_identity made;
  made.api_version = text_at(version, "ApiVersion");
  if (made.api_version.empty()) co_return not_understood("version", got->body);
  made.name = engine_name(version);
  made.version = text_at(version, "Version");
  prefix_ = "/v" + url_encoded(made.api_version);
  co_return made;
}

task<outcome<std::string>> engine_api::create(const std::string& body) {
  request what{"POST", path("/containers/create"), body};
  auto got = co_await ask("create", std::move(what));
  co_return id_in("create", got);
}

task<outcome<void>> engine_api::start(const std::string& id) {
  request what{"POST", path("/containers/" + id + "/start"), {}};
  auto got = co_await ask("start", std::move(what));
  co_return nothing_in(got);
}

task<outcome<int>> engine_api::wait(const std::string& id, const std::string& condition, std::function<void()> in_force,
                                    call_handle* handle) {
  request what{"POST", path("/containers/" + id + "/wait?condition=" + url_encoded(condition)), {}};
  call_options how;
  how.timeout = timeout_;
  how.on_head = std::move(in_force);
  how.handle = handle;
  auto got = co_await ask("wait", std::move(what), std::move(how));
  auto status = status_in("wait", "StatusCode", got);
  if (!status) co_return tl::unexpected(std::move(status.error()));
  if (!*status) co_return not_understood("wait", got->body);
  co_return **status;
}

task<outcome<void>> engine_api::kill(const std::string& id) {
  request what{"POST", path("/containers/" + id + "/kill"), {}};
  auto got = co_await ask("kill", std::move(what));
  co_return nothing_in(got);
}

task<outcome<void>> engine_api::remove(const std::string& id, removal how) {
  request what{"DELETE", path("/containers/" + id + (how == removal::forced ? "?force=true" : "")), {}};
  auto got = co_await ask("remove", std::move(what));
  bool gone = !got && got.error().why == failure::cause::status && got.error().status == 404;
  co_return gone&& how == removal::forced ? outcome<void>() : nothing_in(got);
}

task<outcome<std::vector<std::string>>> engine_api::labelled(const std::string& label, const std::string& value) {
  json filters{{"label", {label + "=" + value}}};
  request what{"GET", path("/containers/json?all=true&filters=" + url_encoded(filters.dump())), {}};
  auto got = co_await ask("list", std::move(what));
  if (!got) co_return tl::unexpected(std::move(got.error()));
  auto list = json::parse(got->body, nullptr, false);
  if (!list.is_array()) co_return not_understood("list", got->body);
  std::vector<std::string> ids;
  for (const auto& one : list)
    if (auto id = text_at(one, "Id"); !id.empty()) ids.push_back(url_encoded(id));
  co_return ids;
}

task<outcome<std::string>> engine_api::exec_create(const std::string& id, const std::string& body) {
  request what{"POST", path("/containers/" + id + "/exec"), body};
  auto got = co_await ask("exec create", std::move(what));
  co_return id_in("exec create", got);
}

task<outcome<void>> engine_api::exec_run(const std::string& exec, std::function<void()> started) {
  request what{"POST", path("/exec/" + exec + "/start"), R"({"Detach":false,"Tty":false})"};
  call_options how;
  how.timeout = timeout_;
  how.on_head = std::move(started);
  auto got = co_await ask("exec start", std::move(what), std::move(how));
  co_return nothing_in(got);
}

task<outcome<std::optional<int>>> engine_api::exec_status(const std::string& exec) {
  request what{"GET", path("/exec/" + exec + "/json"), {}};
  auto got = co_await ask("exec status", std::move(what));
  co_return status_in("exec status", "ExitCode", got);
}

} // namespace gantry::load
