#include <algorithm>

#include "tests/catch.hpp"
#include "tests/store/layer/image_generator.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct tally {
  int scattered = 0, alone = 0, with_parents = 0;
};

// Extracts by itself if that can be, else with its parents, as the engine does.
result<store::extracted_layer> extract_either_way(const std::string& tar, const scratch& where,
                                                  const std::string& folder, const store::parent_view& parents) {
  auto layer = extract(tar, folder);
  if (!layer || !layer->needs_parents) return layer;
  (void)::system(("rm -rf " + folder).c_str());
  (void)where.folder(folder.substr(folder.rfind('/') + 1));
  return extract(tar, folder, &parents);
}

void count_in(tally& count, const store::extracted_layer& layer) {
  (layer.used_parents ? count.with_parents : count.alone)++;
}

std::string extract_packed(const image_generator::layer& layer, const scratch& where, const store::parent_view& parents,
                           tally& count) {
  auto folder = where.folder("layer" + std::to_string(parents.folders.size()));
  auto done = extract(layer.as_engines_pack(), folder);
  if (!done) FAIL(done.error().message);
  REQUIRE_FALSE(done->needs_parents);
  count_in(count, *done);
  return folder;
}

// A whiteout that stands after entries that build on what it removes is refused: such an order proves nothing.
std::string extract_scattered(const image_generator::layer& layer, const scratch& where, unsigned seed,
                              const store::parent_view& parents, tally& count) {
  auto name = "layer" + std::to_string(parents.folders.size());
  auto folder = where.folder(name);
  auto done = extract_either_way(layer.through_symlinks ? layer.whiteouts_first() : layer.scattered(seed), where,
                                 folder, parents);
  count.scattered += done ? 1 : 0;
  if (!done) {
    CAPTURE(done.error().message);
    CHECK(done.error().code == errc::corrupt);
    folder = where.folder(name + "-first");
    done = extract_either_way(layer.whiteouts_first(), where, folder, parents);
  }
  if (!done) FAIL("seed " << seed << ": " << done.error().message);
  count_in(count, *done);
  return folder;
}

void compare(const std::vector<std::string>& ours, const std::vector<std::string>& judge, unsigned seed) {
  std::vector<std::string> more, less;
  std::ranges::set_difference(ours, judge, std::back_inserter(more));
  std::ranges::set_difference(judge, ours, std::back_inserter(less));
  for (const auto& text : more) UNSCOPED_INFO("ours:  " << text);
  for (const auto& text : less) UNSCOPED_INFO("judge: " << text);
  INFO("seed " << seed);
  REQUIRE((more.empty() && less.empty()));
}

void judge_image(unsigned seed, tally& count) {
  scratch where;
  judge_tree tree(where);
  image_generator image(tree, seed);
  store::parent_view parents;
  for (unsigned n = 0; n < 4; ++n) {
    const bool stands_alone = seed % 2 == 0;
    auto layer = image.next(stands_alone, 14);
    auto folder = stands_alone ? extract_packed(layer, where, parents, count)
                               : extract_scattered(layer, where, seed * 10 + n, parents, count);
    parents.folders.insert(parents.folders.begin(), folder);
    auto ours = describe_mounted(where, parents.folders), judged = describe(tree.path());
    std::ranges::sort(ours);
    std::ranges::sort(judged);
    compare(ours, judged, seed);
  }
}

} // namespace

TEST_CASE("random images look as if plain tar had extracted them onto one tree", "[root][judge]") {
  tally count;
  const char* only = ::getenv("GANTRY_JUDGE_SEED");
  const unsigned first = only != nullptr ? static_cast<unsigned>(std::stoul(only)) : 1;
  const char* many = ::getenv("GANTRY_JUDGE_SEEDS");
  const unsigned seeds = only != nullptr ? 1 : many != nullptr ? static_cast<unsigned>(std::stoul(many)) : 24;
  for (unsigned seed = first; seed < first + seeds; ++seed) judge_image(seed, count);
  if (only == nullptr) {
    CHECK(count.scattered > 10);
    CHECK(count.alone > 10);
    CHECK(count.with_parents > 10);
  }
}
