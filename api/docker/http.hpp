#pragma once

#include "api/http/message.hpp"

/// HTTP's words, which this door uses as its own.
namespace gantry::docker {

using http::header_list;
using http::plus_sign;
using http::query;
using http::request;
using http::response;
using http::unescape;

} // namespace gantry::docker
