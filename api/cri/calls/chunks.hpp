#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include "api/cri/call.hpp"

namespace gantry::cri::calls {

/// Elements of a list in one message of a stream: far below any bound on a message's size.
inline constexpr int chunk_size = 128;

/// Writes a list in messages of a bounded number of elements; an empty list in none. `items_of` is the field of the
/// message that takes them. Ends early, without an error, when the client is gone.
template<class Item, class Response>
awaitable<result<void>> write_chunks(google::protobuf::RepeatedPtrField<Item>& items, sink<Response>& to,
                                     google::protobuf::RepeatedPtrField<Item>* (Response::*items_of)()) {
  for (int at = 0; at < items.size(); at += chunk_size) {
    Response message;
    for (int i = at; i < std::min(items.size(), at + chunk_size); ++i)
      *(message.*items_of)()->Add() = std::move(*items.Mutable(i));
    auto written = co_await to.write(std::move(message));
    if (!written) break;
  }
  co_return result<void>();
}

} // namespace gantry::cri::calls
