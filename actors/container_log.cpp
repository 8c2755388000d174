#include "actors/container_log.hpp"

#include "messages/domain/log_tag.hpp"

namespace gantry::container {
namespace {

using attributes = std::vector<std::pair<std::string, std::string>>;

template<class F>
void for_each_word(std::string_view list, F f) {
  while (!list.empty()) {
    const auto word = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), word.size() + 1));
    if (!word.empty()) f(word);
  }
}

std::string option(const log_config& log, const char* name) {
  auto found = log.options.find(name);
  return found == log.options.end() ? std::string() : found->second;
}

/// Of Docker's json-file: `labels` and `env` name what is copied, if the container has it; `tag` is a text of its own.
attributes attributes_of(const container_record& record, const image_config& image) {
  const auto& log = record.options.log;
  attributes made;
  auto labels = record.options.labels;
  labels.insert(image.labels.begin(), image.labels.end());
  for_each_word(option(log, "labels"), [&](std::string_view name) {
    if (auto found = labels.find(std::string(name)); found != labels.end()) made.emplace_back(*found);
  });
  for_each_word(option(log, "env"), [&](std::string_view name) {
    for (const auto& entry : record.effective_env)
      if (entry.starts_with(fmt::format("{}=", name))) made.emplace_back(name, entry.substr(name.size() + 1));
  });
  if (auto tag = option(log, "tag"); !tag.empty()) made.emplace_back("tag", expand_log_tag(tag, record));
  return made;
}

} // namespace

monitor::log_target log_target_of(const container_record& record, const image_config& image) {
  const auto& log = record.options.log;
  return {
      log.driver, record.log_path, log.max_size, log.max_files, log.compress, log.buffer, attributes_of(record, image)};
}

} // namespace gantry::container
