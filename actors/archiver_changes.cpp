#include <map>

#include "actors/image_making.hpp"

namespace gantry::archiving {
namespace {

using kind = path_change::kind;

constexpr std::size_t max_changes = 1'000'000;

kind kind_of(const store::upper_item& item) {
  if (item.what == store::upper_item::kind::added) return kind::added;
  return item.what == store::upper_item::kind::removed ? kind::deleted : kind::modified;
}

/// A folder in which something changed has changed itself, as dockerd has it.
void note(std::map<std::string, kind>& into, const store::upper_item& item) {
  auto path = "/" + item.path;
  into[path] = kind_of(item);
  for (auto slash = path.rfind('/'); slash > 0; slash = path.rfind('/', slash - 1))
    if (!into.try_emplace(path.substr(0, slash), kind::modified).second) return;
}

result<change_list> changes_of(const store::layout& paths, const container_record& record) {
  GANTRY_LET(auto upper, upper_of(paths, record));
  std::map<std::string, kind> found;
  if (upper)
    GANTRY_TRY(store::walk_upper(*upper, [&](const store::upper_item& item) -> result<void> {
      if (item.what != store::upper_item::kind::untouched) note(found, item);
      if (found.size() <= max_changes) return {};
      return fail(errc::exhausted, "container {} changed more than {} files: too many to list",
                  record.name.id.substr(0, 12), max_changes);
    }));
  std::vector<path_change> list;
  list.reserve(found.size());
  for (auto& [path, what] : found) list.push_back({path, what});
  return std::make_shared<const std::vector<path_change>>(std::move(list));
}

} // namespace

caf::result<change_list> list(self_pointer self, const list_changes& request) {
  auto promise = self->make_response_promise<change_list>();
  deliver(promise, changes_of(self->state.parts.paths, *request.what));
  end(self);
  return promise;
}

} // namespace gantry::archiving
