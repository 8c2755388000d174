#pragma once

#include <string>

namespace gantry::test {

/// One gzip member (zlib), with an optional file name, comment and extra field in its header.
std::string gzip(const std::string& plain, const std::string& name = "", int level = 6);

/// One zstd frame whose window is 2^window_log bytes.
std::string zstd(const std::string& plain, int window_log = 20);

} // namespace gantry::test
