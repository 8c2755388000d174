#include "store/meta/load.hpp"

#include "messages/domain/record_json.hpp"

namespace gantry::store {
namespace {

/// Reads the rows of one table. `parse` makes a record of a row; a row of which it cannot is named in the problems, by
/// its first `key_columns` columns.
template<class Record, class Parse>
result<void> load_table(sql::connection& db, everything& into, std::vector<Record>& records, std::string_view table,
                        std::string_view columns, int key_columns, Parse parse) {
  GANTRY_LET(auto rows, db.ask(fmt::format("SELECT {} FROM {}", columns, table)));
  for (;;) {
    GANTRY_LET(bool more, rows.next());
    if (!more) return {};
    result<Record> record = parse(rows);
    if (record) {
      records.push_back(std::move(*record));
      continue;
    }
    auto row = rows.text(0);
    for (int column = 1; column < key_columns; ++column) row += "/" + rows.text(column);
    into.problems.push_back({std::string(table), std::move(row), std::move(record.error())});
  }
}

/// A record's key is in its JSON and in columns; if the two differ, the row cannot be believed.
result<void> expect_same(std::string_view in_json, std::string_view in_column) {
  if (in_json == in_column) return {};
  return fail(errc::corrupt, "its JSON is that of \"{}\"", in_json);
}

result<container_record> parse_container(const sql::query& row) {
  GANTRY_LET(auto record, container_from_json(row.text(2)));
  GANTRY_TRY(expect_same(to_string(record.name), row.text(0) + "/" + row.text(1)));
  GANTRY_LET(record.state, container_state_from_json(row.text(3)));
  return record;
}

result<sandbox_record> parse_sandbox(const sql::query& row) {
  GANTRY_LET(auto record, sandbox_from_json(row.text(2)));
  GANTRY_TRY(expect_same(to_string(record.name), row.text(0) + "/" + row.text(1)));
  return record;
}

result<pod_record> parse_pod(const sql::query& row) {
  GANTRY_LET(auto record, pod_from_json(row.text(2)));
  GANTRY_TRY(expect_same(to_string(record.name), row.text(0) + "/" + row.text(1)));
  return record;
}

result<image> parse_image(const sql::query& row) {
  GANTRY_LET(auto record, image_from_json(row.text(1)));
  GANTRY_TRY(expect_same(record.id.str(), row.text(0)));
  return record;
}

result<image_name> parse_name(const sql::query& row) {
  image_name record;
  record.ns = row.text(0);
  GANTRY_LET(record.name, reference::parse(row.text(1)));
  GANTRY_LET(record.id, digest::parse(row.text(2)));
  if (auto manifest = row.text(3); !manifest.empty()) { // a local tag resolved to none
    GANTRY_LET(record.manifest, digest::parse(manifest));
  }
  return record;
}

result<layer_record> parse_layer(const sql::query& row) {
  GANTRY_LET(auto id, digest::parse(row.text(1)));
  return layer_record{row.number(0), std::move(id), row.number(2)};
}

result<snapshot_record> parse_snapshot(const sql::query& row) {
  auto kind = row.integer(3);
  if (kind < 0 || kind > static_cast<int>(snapshot_record::durability::volatile_upper))
    return fail(errc::corrupt, "its kind is {}", kind);
  return snapshot_record{row.number(0), {row.text(1), row.text(2)}, static_cast<snapshot_record::durability>(kind)};
}

result<volume_record> parse_volume(const sql::query& row) {
  GANTRY_LET(auto record, volume_from_json(row.text(2)));
  GANTRY_TRY(expect_same(record.ns + "/" + record.name, row.text(0) + "/" + row.text(1)));
  return record;
}

result<network_record> parse_network(const sql::query& row) {
  return network_record{{row.text(0), row.text(1)}, row.text(2)};
}

result<lease> parse_lease(const sql::query& row) {
  auto kind = row.integer(1);
  if (kind < 0 || kind > static_cast<int>(lease::kind::volume)) return fail(errc::corrupt, "its kind is {}", kind);
  return lease{row.text(0), static_cast<lease::kind>(kind), row.text(2), row.integer(3)};
}

result<void> load_tables(sql::connection& db, everything& all) {
  GANTRY_TRY(load_table(db, all, all.containers, "containers", "ns, id, json, state", 2, parse_container));
  GANTRY_TRY(load_table(db, all, all.sandboxes, "sandboxes", "ns, id, json", 2, parse_sandbox));
  GANTRY_TRY(load_table(db, all, all.pods, "pods", "ns, id, json", 2, parse_pod));
  GANTRY_TRY(load_table(db, all, all.images, "images", "id, json", 1, parse_image));
  GANTRY_TRY(load_table(db, all, all.names, "image_names", "ns, name, image, manifest", 2, parse_name));
  GANTRY_TRY(load_table(db, all, all.layers, "layers", "folder, id, bytes", 1, parse_layer));
  GANTRY_TRY(load_table(db, all, all.snapshots, "snapshots", "number, ns, id, kind", 1, parse_snapshot));
  GANTRY_TRY(load_table(db, all, all.volumes, "volumes", "ns, name, json", 2, parse_volume));
  GANTRY_TRY(load_table(db, all, all.networks, "networks", "ns, id, json", 2, parse_network));
  GANTRY_TRY(load_table(db, all, all.leases, "leases", "id, kind, what, expires", 3, parse_lease));
  return {};
}

} // namespace

result<everything> load_everything(sql::connection& db) {
  everything all;
  GANTRY_TRY(db.script("BEGIN")); // one moment for all tables
  auto loaded = load_tables(db, all);
  (void)db.script("COMMIT");
  if (!loaded) return within(loaded.error(), "read the records");
  return all;
}

} // namespace gantry::store
