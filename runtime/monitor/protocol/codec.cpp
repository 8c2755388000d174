#include "runtime/monitor/protocol/codec.hpp"

#include <tuple>
#include <utility>

#include "runtime/sys/wire.hpp"

namespace gantry::monitor {
namespace {

// The fields of each message, in the order of the wire. This table is the protocol: a change of it raises
// protocol_version.
auto fields(key& m) { return std::tie(m.ns, m.id); }
auto fields(runtime_command& m) { return std::tie(m.path, m.state_root, m.flags, m.native); }
auto fields(rootfs& m) { return std::tie(m.lower, m.upper, m.work, m.volatile_upper, m.memory); }
auto fields(log_target& m) {
  return std::tie(m.driver, m.path, m.max_bytes, m.max_files, m.compress, m.buffer, m.attributes);
}
auto fields(id_range& m) { return std::tie(m.inside, m.outside, m.count); }
auto fields(container_users& m) { return std::tie(m.path, m.root_uid, m.root_gid); }
auto fields(mapped_source& m) { return std::tie(m.source, m.recursive, m.uids, m.gids, m.layers, m.sub_path); }
auto fields(start_container& m) {
  return std::tie(m.container, m.runtime, m.bundle, m.config_json, m.root, m.files, m.tty, m.open_stdin, m.stdin_once,
                  m.log, m.console_height, m.console_width, m.oom_cgroup, m.shm, m.users, m.mapped);
}
auto fields(exec_process& m) {
  return std::tie(m.container, m.exec_id, m.process_json, m.tty, m.open_stdin, m.hold_output, m.console_height,
                  m.console_width, m.keep_output);
}
auto fields(signal_process& m) { return std::tie(m.container, m.exec_id, m.signal); }
auto fields(signal_all& m) { return std::tie(m.container, m.signal); }
auto fields(pause_container& m) { return std::tie(m.container); }
auto fields(resume_container& m) { return std::tie(m.container); }
auto fields(delete_container& m) { return std::tie(m.container, m.runtime, m.bundle, m.untouched); }
auto fields(open_stream& m) {
  return std::tie(m.container, m.exec_id, m.what, m.want_stdin, m.want_stdout, m.want_stderr);
}
auto fields(resize_terminal& m) { return std::tie(m.container, m.exec_id, m.height, m.width); }
auto fields(make_network_namespace& m) { return std::tie(m.sandbox); }
auto fields(drop_network_namespace& m) { return std::tie(m.sandbox); }
auto fields(run_process& m) { return std::tie(m.argv, m.env, m.input, m.timeout, m.max_output); }
auto fields(list_containers&) { return std::tie(); }
auto fields(adopt_container& m) { return std::tie(m.how, m.pid, m.pid_start_time); }
auto fields(shut_down&) { return std::tie(); }
auto fields(reopen_log& m) { return std::tie(m.container); }
auto fields(make_pod_namespaces& m) {
  return std::tie(m.sandbox, m.network, m.ipc, m.uts, m.pid, m.uids, m.gids, m.hostname, m.sysctls, m.cgroup,
                  m.shm_bytes);
}
auto fields(drop_pod_namespaces& m) { return std::tie(m.sandbox); }
auto fields(done&) { return std::tie(); }
auto fields(started& m) { return std::tie(m.pid, m.pid_start_time, m.launcher, m.fell_back); }
auto fields(stream_token& m) { return std::tie(m.token, m.socket); }
auto fields(namespace_path& m) { return std::tie(m.path); }
auto fields(process_result& m) { return std::tie(m.exit_code, m.output, m.error_output); }
auto fields(container_entry& m) {
  return std::tie(m.container, m.pid, m.pid_start_time, m.exited, m.exit_code, m.oom_killed, m.started_at,
                  m.finished_at);
}
auto fields(container_list& m) { return std::tie(m.containers, m.pods); }
auto fields(pod_namespaces& m) { return std::tie(m.network, m.ipc, m.uts, m.pid, m.user, m.shm, m.pause_pid); }
auto fields(process_exited& m) {
  return std::tie(m.container, m.exec_id, m.exit_code, m.oom_killed, m.status_unknown, m.finished_at, m.output);
}
auto fields(error& m) { return std::tie(m.code, m.message, m.os_errno); }
auto fields(greeting& m) { return std::tie(m.version, m.pid); }

template<class T>
concept composed = requires(T& t) {
  fields(t);
};

void write(sys::wire_writer& out, bool value) { out.put(static_cast<std::uint8_t>(value)); }
void write(sys::wire_writer& out, std::chrono::milliseconds value) {
  out.put(static_cast<std::int64_t>(value.count()));
}
template<composed T>
void write(sys::wire_writer& out, const T& value);
template<composed T>
void write(sys::wire_writer& out, const std::vector<T>& list) {
  out.put(static_cast<std::uint32_t>(list.size()));
  for (const auto& entry : list) write(out, entry);
}
template<class T>
requires(!composed<T>) void write(sys::wire_writer& out, const T& value) { out.put(value); }
template<composed T>
void write(sys::wire_writer& out, const T& value) {
  // The table of fields serves reading too and so takes non-const; writing changes nothing.
  std::apply([&out](auto&... field) { (write(out, std::as_const(field)), ...); }, fields(const_cast<T&>(value)));
}

// A bool is read as a byte: any other bit pattern in a bool would be undefined.
void read(sys::wire_reader& in, bool& value) { value = in.read<std::uint8_t>() != 0; }
void read(sys::wire_reader& in, std::chrono::milliseconds& value) {
  value = std::chrono::milliseconds(in.read<std::int64_t>());
}
template<composed T>
void read(sys::wire_reader& in, T& value);
template<composed T>
void read(sys::wire_reader& in, std::vector<T>& list) {
  auto count = in.read<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) read(in, list.emplace_back());
}
template<class T>
requires(!composed<T>) void read(sys::wire_reader& in, T& value) { in.get(value); }
template<composed T>
void read(sys::wire_reader& in, T& value) {
  std::apply([&in](auto&... field) { (read(in, field), ...); }, fields(value));
}

// Kinds: requests from 1, replies from 101, then the three single ones, each in the order of its variant.
constexpr std::uint16_t first_request = 1, first_reply = 101, kind_error = 200, kind_exited = 201, kind_greeting = 202;

struct kind_and_payload {
  std::uint16_t kind;
  std::string payload;
};

template<class T>
kind_and_payload pack(std::uint16_t kind, const T& value) {
  sys::wire_writer out;
  write(out, value);
  return {kind, out.take()};
}

template<class Variant>
kind_and_payload pack_one_of(std::uint16_t first, const Variant& value) {
  auto kind = static_cast<std::uint16_t>(first + value.index());
  return std::visit([kind](const auto& alternative) { return pack(kind, alternative); }, value);
}

struct packer {
  kind_and_payload operator()(const request& m) const { return pack_one_of(first_request, m); }
  kind_and_payload operator()(const reply& m) const { return pack_one_of(first_reply, m); }
  kind_and_payload operator()(const error& m) const { return pack(kind_error, m); }
  kind_and_payload operator()(const process_exited& m) const { return pack(kind_exited, m); }
  kind_and_payload operator()(const greeting& m) const { return pack(kind_greeting, m); }
};

template<class T>
result<T> unpack(std::string_view payload, std::uint16_t kind) {
  sys::wire_reader in(payload);
  T value{};
  read(in, value);
  if (!in.done()) return fail(errc::corrupt, "monitor protocol: a message of kind {} has the wrong form", kind);
  return value;
}

template<class Variant, std::size_t... I>
result<message> unpack_one_of(std::uint16_t first, std::uint16_t kind, std::string_view payload,
                              std::index_sequence<I...>) {
  result<message> out = fail(errc::corrupt, "monitor protocol: unknown kind {}", kind);
  auto try_one = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
    if (kind != first + N) return;
    auto value = unpack<std::variant_alternative_t<N, Variant>>(payload, kind);
    if (value)
      out = message(Variant(std::move(*value)));
    else
      out = tl::unexpected<error>(value.error());
  };
  (try_one(std::integral_constant<std::size_t, I>{}), ...);
  return out;
}

template<class Variant>
result<message> unpack_variant(std::uint16_t first, std::uint16_t kind, std::string_view payload) {
  return unpack_one_of<Variant>(first, kind, payload, std::make_index_sequence<std::variant_size_v<Variant>>{});
}

result<message> unpack_message(std::uint16_t kind, std::string_view payload) {
  switch (kind) {
  case kind_error:
    return unpack<error>(payload, kind).map([](error m) { return message(std::move(m)); });
  case kind_exited:
    return unpack<process_exited>(payload, kind).map([](process_exited m) { return message(std::move(m)); });
  case kind_greeting:
    return unpack<greeting>(payload, kind).map([](greeting m) { return message(m); });
  default:
    break;
  }
  if (kind >= first_reply) return unpack_variant<reply>(first_reply, kind, payload);
  return unpack_variant<request>(first_request, kind, payload);
}

} // namespace

result<std::string> encode(std::uint64_t id, const message& what) {
  auto packed = std::visit(packer{}, what);
  if (packed.payload.size() > max_frame_bytes)
    return fail(errc::exhausted, "monitor protocol: a message of {} bytes is over the limit of {}",
                packed.payload.size(), max_frame_bytes);
  sys::wire_writer out;
  out.put(static_cast<std::uint32_t>(packed.payload.size())).put(id).put(packed.kind);
  return out.take() + packed.payload;
}

result<std::optional<frame_of_message>> frame_reader::next() {
  auto left = std::string_view(buffer_).substr(read_);
  sys::wire_reader header(left);
  auto length = header.read<std::uint32_t>();
  auto id = header.read<std::uint64_t>();
  auto kind = header.read<std::uint16_t>();
  if (header.ok() && length > max_frame_bytes)
    return fail(errc::corrupt, "monitor protocol: a frame of {} bytes is over the limit of {}", length,
                max_frame_bytes);
  if (!header.ok() || left.size() < frame_header_bytes + length) {
    buffer_.erase(0, read_);
    read_ = 0;
    if (buffer_.empty()) buffer_.shrink_to_fit();
    return std::optional<frame_of_message>();
  }
  GANTRY_LET(auto what, unpack_message(kind, left.substr(frame_header_bytes, length)));
  read_ += frame_header_bytes + length;
  return std::optional(frame_of_message{id, std::move(what)});
}

} // namespace gantry::monitor
