#include "store/meta/write_change.hpp"

#include <exception>

#include "messages/domain/record_json.hpp"

namespace gantry::store {
namespace {

/// The first column of the first row; empty when there is none.
template<class... Values>
result<std::string> first(sql::connection& db, std::string_view text, const Values&... values) {
  GANTRY_LET(auto asked, db.ask(text, values...));
  GANTRY_LET(bool any, asked.next());
  return any ? asked.text(0) : std::string();
}

template<class... Values>
result<void> run(sql::connection& db, std::string_view text, const Values&... values) {
  GANTRY_TRY(db.run(text, values...));
  return {};
}

/// Checks what `mode` says of a record that is `there` or not.
result<void> check(when_there mode, bool there, std::string_view kind, const std::string& name) {
  if (mode == when_there::refuse && there) return fail(errc::already_exists, "{} {} exists already", kind, name);
  if (mode == when_there::require && !there) return fail(errc::not_found, "there is no {} {}", kind, name);
  return {};
}

class writer {
public:
  explicit writer(sql::connection& db) : db_(db) {}

  result<void> operator()(const put_container& c) {
    const auto& r = c.record;
    GANTRY_LET(auto there, first(db_, "SELECT id FROM containers WHERE ns = ?1 AND id = ?2", r.name.ns, r.name.id));
    GANTRY_TRY(check(c.mode, !there.empty(), "container", r.name.id));
    GANTRY_LET(auto holder,
               first(db_, "SELECT id FROM containers WHERE ns = ?1 AND name = ?2 AND name <> '' AND id <> ?3",
                     r.name.ns, r.display_name, r.name.id));
    if (!holder.empty())
      return fail(
          errc::already_exists,
          "the container name \"{}\" is in use by container {}: remove or rename that one, or choose another name",
          r.display_name, holder);
    return run(db_, "REPLACE INTO containers (ns, id, name, image, json, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
               r.name.ns, r.name.id, r.display_name, r.image_id.str(), to_json(r), to_json(r.state));
  }
  result<void> operator()(const put_container_state& c) {
    GANTRY_LET(int rows, db_.run("UPDATE containers SET state = ?3 WHERE ns = ?1 AND id = ?2", c.name.ns, c.name.id,
                                 to_json(c.state)));
    return check(when_there::require, rows > 0, "container", c.name.id);
  }
  result<void> operator()(const erase_container& c) {
    return run(db_, "DELETE FROM containers WHERE ns = ?1 AND id = ?2", c.name.ns, c.name.id);
  }

  result<void> operator()(const put_sandbox& c) {
    const auto& name = c.record.name;
    GANTRY_LET(auto there, first(db_, "SELECT id FROM sandboxes WHERE ns = ?1 AND id = ?2", name.ns, name.id));
    GANTRY_TRY(check(c.mode, !there.empty(), "sandbox", name.id));
    return run(db_, "REPLACE INTO sandboxes (ns, id, json) VALUES (?1, ?2, ?3)", name.ns, name.id, to_json(c.record));
  }
  result<void> operator()(const erase_sandbox& c) {
    return run(db_, "DELETE FROM sandboxes WHERE ns = ?1 AND id = ?2", c.name.ns, c.name.id);
  }

  result<void> operator()(const put_pod& c) {
    const auto& name = c.record.name;
    GANTRY_LET(auto there, first(db_, "SELECT id FROM pods WHERE ns = ?1 AND id = ?2", name.ns, name.id));
    GANTRY_TRY(check(c.mode, !there.empty(), "pod", name.id));
    return run(db_, "REPLACE INTO pods (ns, id, json) VALUES (?1, ?2, ?3)", name.ns, name.id, to_json(c.record));
  }
  result<void> operator()(const erase_pod& c) {
    return run(db_, "DELETE FROM pods WHERE ns = ?1 AND id = ?2", c.name.ns, c.name.id);
  }

  result<void> operator()(const put_image& c) {
    GANTRY_TRY(run(db_, "REPLACE INTO images (id, json) VALUES (?1, ?2)", c.record.id.str(), to_json(c.record)));
    for (const auto& name : c.names) GANTRY_TRY((*this)(put_image_name{name}));
    return {};
  }
  result<void> operator()(const erase_image& c) {
    auto id = c.id.str();
    GANTRY_LET(auto name, first(db_, "SELECT ns || '/' || name FROM image_names WHERE image = ?1", id));
    if (!name.empty()) return fail(errc::failed_precondition, "the image {} still has the name {}", id, name);
    GANTRY_LET(auto user, first(db_, "SELECT ns || '/' || id FROM containers WHERE image = ?1", id));
    if (!user.empty() && c.users == erase_image::in_use::refuse)
      return fail(errc::failed_precondition, "the image {} is in use by container {}: remove that one first", id, user);
    return run(db_, "DELETE FROM images WHERE id = ?1", id);
  }
  result<void> operator()(const put_image_name& c) {
    auto id = c.name.id.str();
    GANTRY_LET(auto there, first(db_, "SELECT id FROM images WHERE id = ?1", id));
    if (there.empty()) return fail(errc::not_found, "there is no image {} to be named {}", id, c.name.name.familiar());
    return run(db_, "REPLACE INTO image_names (ns, name, image, manifest) VALUES (?1, ?2, ?3, ?4)", c.name.ns,
               c.name.name.str(), id, c.name.manifest.str());
  }
  result<void> operator()(const erase_image_name& c) {
    return run(db_, "DELETE FROM image_names WHERE ns = ?1 AND name = ?2", c.ns, c.name.str());
  }

  result<void> operator()(const put_layer& c) {
    const auto& r = c.record;
    GANTRY_LET(auto other,
               first(db_, "SELECT folder FROM layers WHERE id = ?1 AND folder <> ?2", r.id.str(), r.folder));
    if (!other.empty()) return fail(errc::already_exists, "the layer {} is in folder {} already", r.id.str(), other);
    return run(db_, "REPLACE INTO layers (folder, id, bytes) VALUES (?1, ?2, ?3)", r.folder, r.id.str(), r.bytes);
  }
  result<void> operator()(const erase_layer& c) { return run(db_, "DELETE FROM layers WHERE folder = ?1", c.folder); }

  result<void> operator()(const put_snapshot& c) {
    const auto& r = c.record;
    return run(db_, "REPLACE INTO snapshots (number, ns, id, kind) VALUES (?1, ?2, ?3, ?4)", r.number, r.owner.ns,
               r.owner.id, static_cast<int>(r.kind));
  }
  result<void> operator()(const erase_snapshot& c) {
    return run(db_, "DELETE FROM snapshots WHERE number = ?1", c.number);
  }

  result<void> operator()(const put_volume& c) {
    const auto& r = c.record;
    GANTRY_LET(auto holder, first(db_, "SELECT ns FROM volumes WHERE name = ?1", r.name));
    if (!holder.empty() && holder != r.ns) // one folder: the name is taken for all namespaces
      return fail(errc::already_exists, "the volume name \"{}\" is in use in the namespace {}: choose another", r.name,
                  holder);
    GANTRY_TRY(check(c.mode, !holder.empty(), "volume", r.name));
    return run(db_, "REPLACE INTO volumes (ns, name, json) VALUES (?1, ?2, ?3)", r.ns, r.name, to_json(r));
  }
  result<void> operator()(const erase_volume& c) {
    return run(db_, "DELETE FROM volumes WHERE ns = ?1 AND name = ?2", c.ns, c.name);
  }

  result<void> operator()(const put_network& c) {
    const auto& r = c.record;
    return run(db_, "REPLACE INTO networks (ns, id, json) VALUES (?1, ?2, ?3)", r.name.ns, r.name.id, r.json);
  }
  result<void> operator()(const erase_network& c) {
    return run(db_, "DELETE FROM networks WHERE ns = ?1 AND id = ?2", c.name.ns, c.name.id);
  }

  result<void> operator()(const put_lease& c) {
    const auto& r = c.record;
    return run(db_, "REPLACE INTO leases (id, kind, what, expires) VALUES (?1, ?2, ?3, ?4)", r.id,
               static_cast<int>(r.type), r.what, r.expires);
  }
  result<void> operator()(const erase_lease& c) { return run(db_, "DELETE FROM leases WHERE id = ?1", c.id); }

private:
  sql::connection& db_;
};

} // namespace

result<void> write_change(sql::connection& db, const change& what) {
  try {
    return std::visit(writer(db), what);
  } catch (const std::exception& thrown) { // building JSON: memory, or text that is not UTF-8
    return fail(errc::invalid_argument, "the record cannot be written as JSON: {}", thrown.what());
  }
}

bool is_erasure(const change& c) {
  return std::visit(
      []<class T>(const T&) {
        return std::is_same_v<T, erase_container> || std::is_same_v<T, erase_sandbox> || std::is_same_v<T, erase_pod> ||
               std::is_same_v<T, erase_image> || std::is_same_v<T, erase_image_name> ||
               std::is_same_v<T, erase_layer> || std::is_same_v<T, erase_snapshot> || std::is_same_v<T, erase_volume> ||
               std::is_same_v<T, erase_network> || std::is_same_v<T, erase_lease>;
      },
      c);
}

} // namespace gantry::store
