#include "actors/open_requests.hpp"

#include <vector>

namespace gantry {

std::uint64_t open_requests::add(time_point until, callback then) {
  open_.emplace(next_, request{until, std::move(then)});
  return next_++;
}

void open_requests::answer(std::uint64_t number, result<monitor::reply> with) {
  auto found = open_.find(number);
  if (found == open_.end()) return;
  auto then = std::move(found->second.then);
  open_.erase(found); // first: the callback may ask for something else
  then(std::move(with));
}

void open_requests::give_up_overdue(time_point now) {
  std::vector<std::uint64_t> overdue;
  for (const auto& [number, one] : open_)
    if (one.until <= now) overdue.push_back(number);
  for (auto number : overdue)
    answer(number, fail(errc::timeout, "the monitor did not answer in time; what it was asked may still be done"));
}

} // namespace gantry
